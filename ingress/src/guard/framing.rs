//! Where one HTTP/1 request ends and the next begins, told from the bytes in passing.
//!
//! Only time limits depend on it. So it need not judge requests, and where it is unsure a request
//! counts as unfinished, which is the stricter limit.

/// Longest line that is looked at, without its spaces; a chunk's size and the two headers that
/// matter are much shorter.
const LINE_BYTES: usize = 64;

/// Follows the requests on a connection.
#[derive(Debug, Default)]
pub(super) struct Framing {
    state: State,
    /// Of the line that is arriving, the first [`LINE_BYTES`] that are not spaces.
    line: Vec<u8>,
    /// Whether the head's first line is complete.
    has_request_line: bool,
    body: Body,
}

/// What arrives next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// A line of a head, or the end of it.
    #[default]
    Head,
    /// This many bytes of a body.
    Bytes(u64),
    /// The size of a chunk.
    ChunkSize,
    /// This many bytes of a chunk.
    Chunk(u64),
    /// The line break after a chunk.
    ChunkEnd,
    /// A line after the last chunk, or the end of them.
    Trailer,
    /// A body whose end we cannot tell.
    Endless,
    /// Frames of HTTP/2.
    Http2,
}

/// How the head says that the body will be framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Body {
    #[default]
    None,
    Length(u64),
    Chunked,
    Endless,
}

impl Framing {
    /// Takes in what arrived, and says whether a request became complete with it.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> bool {
        let mut complete = false;
        let mut was_between = self.is_between();
        while let Some(rest) = self.step(bytes) {
            // A line break before a request begins none, so it ends none.
            complete |= self.is_between() && !was_between;
            was_between = self.is_between();
            bytes = rest;
        }
        complete
    }

    /// Whether nothing of the next request has arrived.
    pub(super) fn is_between(&self) -> bool {
        self.state == State::Head && self.line.is_empty() && !self.has_request_line
    }

    /// Whether a head has arrived, but its body has not.
    pub(super) fn is_in_body(&self) -> bool {
        !matches!(self.state, State::Head | State::Http2)
    }

    /// Whether the client speaks HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.state == State::Http2
    }

    /// Takes a line or a run of bytes off `bytes`; `None` if there is nothing left to look at.
    fn step<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        if bytes.is_empty() {
            return None;
        }
        match self.state {
            State::Endless | State::Http2 => None,
            State::Bytes(left) | State::Chunk(left) => Some(self.skip(left, bytes)),
            _ => {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                let words = part.iter().filter(|byte| !byte.is_ascii_whitespace());
                self.line.extend(words.take(LINE_BYTES - self.line.len()));
                end?;
                self.end_line();
                self.line.clear();
                Some(&rest[1..])
            }
        }
    }

    fn skip<'a>(&mut self, left: u64, bytes: &'a [u8]) -> &'a [u8] {
        let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.state = match (self.state, left - taken as u64) {
            (State::Chunk(_), 0) => State::ChunkEnd,
            (State::Chunk(_), left) => State::Chunk(left),
            (_, 0) => State::Head,
            (_, left) => State::Bytes(left),
        };
        &bytes[taken..]
    }

    fn end_line(&mut self) {
        self.line.make_ascii_lowercase();
        let line = self.line.as_slice();
        self.state = match self.state {
            // Line breaks before a request are allowed, and mean nothing.
            State::Head if line.is_empty() && !self.has_request_line => State::Head,
            State::Head if line.is_empty() => self.end_head(),
            State::Head if !self.has_request_line => {
                self.has_request_line = true;
                if line == b"pri*http/2.0" { State::Http2 } else { State::Head }
            }
            State::Head => {
                self.body = self.body.or_longer(header(line));
                State::Head
            }
            State::ChunkSize => chunk_size(line),
            State::ChunkEnd => State::ChunkSize,
            State::Trailer if line.is_empty() => State::Head,
            other => other,
        };
    }

    fn end_head(&mut self) -> State {
        self.has_request_line = false;
        match std::mem::take(&mut self.body) {
            Body::None | Body::Length(0) => State::Head,
            Body::Length(bytes) => State::Bytes(bytes),
            Body::Chunked => State::ChunkSize,
            Body::Endless => State::Endless,
        }
    }
}

impl Body {
    /// The one of two that lasts longer.
    fn or_longer(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, body) | (body, Self::None) => body,
            (Self::Endless, _) | (_, Self::Endless) => Self::Endless,
            (Self::Chunked, _) | (_, Self::Chunked) => Self::Chunked,
            (Self::Length(one), Self::Length(other)) => Self::Length(one.max(other)),
        }
    }
}

/// What a header says about the body.
fn header(line: &[u8]) -> Body {
    if let Some(length) = line.strip_prefix(b"content-length:") {
        return number(length, 10).map_or(Body::Endless, Body::Length);
    }
    match line.strip_prefix(b"transfer-encoding:") {
        Some(b"chunked") => Body::Chunked,
        Some(_) => Body::Endless,
        None => Body::None,
    }
}

fn chunk_size(line: &[u8]) -> State {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
    match number(size, 16) {
        Some(0) => State::Trailer,
        Some(bytes) => State::Chunk(bytes),
        None => State::Endless,
    }
}

/// What fills half a line may have been cut off.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let digits = std::str::from_utf8(digits).ok().filter(|it| it.len() <= LINE_BYTES / 2)?;
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `requests` byte by byte and in larger pieces, and asserts how many are complete.
    #[track_caller]
    fn assert_complete(requests: &str, complete: usize) -> Framing {
        let mut framing = Framing::default();
        let ends = requests.as_bytes().chunks(1).filter(|byte| framing.feed(byte)).count();
        assert_eq!(ends, complete);
        for size in 2..=requests.len() {
            let mut framing = Framing::default();
            let parts = requests.as_bytes().chunks(size);
            let ends = parts.filter(|part| framing.feed(part)).count();
            assert_eq!(ends > 0, complete > 0, "in pieces of {size}");
        }
        framing
    }

    #[test]
    fn a_request_without_a_body_ends_with_its_head() {
        assert!(assert_complete("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1).is_between());
        assert!(assert_complete("GET / HTTP/1.1\nHost: a\n\n", 1).is_between());
        assert!(assert_complete("\r\n\r\nGET / HTTP/1.1\r\n\r\n", 1).is_between());
        assert!(assert_complete("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 1).is_between());
    }

    #[test]
    fn a_head_that_is_not_at_its_end_is_not_complete() {
        for head in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nA: b\r\n", "GET /\r\nA: b\r\n\r"]
        {
            let framing = assert_complete(head, 0);
            assert!(!framing.is_between() && !framing.is_in_body(), "{head}");
        }
        assert!(assert_complete("\r\n", 0).is_between());
    }

    #[test]
    fn a_body_of_known_length_ends_with_its_last_byte() {
        let head = "POST / HTTP/1.1\r\ncontent-LENGTH:   5\r\n\r\n";
        assert!(assert_complete(head, 0).is_in_body());
        assert!(assert_complete(&format!("{head}\r\n\r\n"), 0).is_in_body());
        assert!(assert_complete(&format!("{head}\r\n\r\n!"), 1).is_between());
    }

    #[test]
    fn a_body_in_chunks_ends_with_an_empty_one() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n";
        let chunks = "5\r\n0\r\n\r\n\r\nA;x=y\r\n0123456789\r\n";
        assert!(assert_complete(&format!("{head}{chunks}"), 0).is_in_body());
        assert!(assert_complete(&format!("{head}{chunks}0\r\n"), 0).is_in_body());
        assert!(assert_complete(&format!("{head}{chunks}0\r\n\r\n"), 1).is_between());
        assert!(assert_complete(&format!("{head}{chunks}0\r\nSum: 1\r\n\r\n"), 1).is_between());
    }

    #[test]
    fn requests_may_follow_each_other_closely() {
        let post = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
        let get = "GET / HTTP/1.1\r\n\r\n";
        assert!(assert_complete(&format!("{post}{get}{post}"), 3).is_between());
        assert!(!assert_complete(&format!("{get}GET"), 1).is_between());
    }

    #[test]
    fn what_cannot_be_told_never_ends() {
        let zeros = "0".repeat(99);
        for header in [
            "Content-Length: many",
            "Content-Length: -1",
            "Content-Length: 99999999999999999999",
            "Transfer-Encoding: gzip, chunked",
            &format!("Content-Length: {zeros}5"),
        ] {
            let request = format!("POST / HTTP/1.1\r\n{header}\r\n\r\n");
            assert!(assert_complete(&request, 0).is_in_body(), "{header}");
        }
        let spaces = " ".repeat(999);
        let hidden = format!("POST / HTTP/1.1\r\nContent-Length:{spaces}5\r\n\r\n");
        assert!(assert_complete(&hidden, 0).is_in_body());
        let twice = "POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n";
        assert!(assert_complete(twice, 0).is_in_body());
        let chunk = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nlarge\r\n";
        assert!(assert_complete(chunk, 0).is_in_body());
    }

    #[test]
    fn http2_is_recognised() {
        let framing = assert_complete("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", 0);
        assert!(framing.is_http2() && !framing.is_in_body());
    }
}
