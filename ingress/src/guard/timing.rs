//! How long a connection may go on as it is.

use tokio::time::Instant;

use super::{GuardOptions, framing::Framing};

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// For the client to finish a request head, or to begin one.
    Head,
    /// For the client to finish a request body.
    Body,
    /// For us to answer.
    Answer,
}

/// What happened on a connection, and when.
#[derive(Debug)]
pub(super) struct Timing {
    framing: Framing,
    /// When it was accepted, or when we last wrote.
    last_write: Instant,
    /// Whether we wrote at all.
    has_answered: bool,
    /// When the first byte of the request arrived that is arriving.
    begun: Option<Instant>,
    /// When the request became complete that we have not begun to answer.
    asked: Option<Instant>,
    /// Since when the client has not taken what we write.
    blocked: Option<Instant>,
}

impl Timing {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            framing: Framing::default(),
            last_write: now,
            has_answered: false,
            begun: None,
            asked: None,
            blocked: None,
        }
    }

    /// Bytes arrived.
    pub(super) fn read(&mut self, bytes: &[u8], now: Instant) {
        if self.framing.feed(bytes) {
            self.asked = Some(now);
            self.begun = None;
        }
        if self.framing.is_between() {
            self.begun = None;
        } else {
            self.begun.get_or_insert(now);
        }
    }

    /// The client took bytes of an answer.
    pub(super) fn wrote(&mut self, now: Instant) {
        self.last_write = now;
        self.has_answered = true;
        self.asked = None;
        self.blocked = None;
        self.begun = self.begun.map(|_| now);
    }

    /// The client takes no more for now.
    pub(super) fn blocked(&mut self, now: Instant) {
        self.blocked.get_or_insert(now);
    }

    /// What it waits for.
    pub(super) fn phase(&self) -> Phase {
        if self.asked.is_some() {
            Phase::Answer
        } else if self.framing.is_in_body() {
            Phase::Body
        } else {
            Phase::Head
        }
    }

    /// When it has to end unless something happens first.
    pub(super) fn deadline(&self, options: &GuardOptions) -> Instant {
        if let Some(blocked) = self.blocked {
            return blocked + options.first_byte_timeout;
        }
        if let Some(asked) = self.asked {
            return asked + options.handler_timeout;
        }
        if self.framing.is_http2() {
            // Its frames do not tell us who waits for whom; but it is the first to make room.
            return self.last_write + options.handler_timeout.max(options.keep_alive_timeout);
        }
        match self.begun {
            Some(begun) if self.has_answered => begun + options.first_byte_timeout,
            None if self.has_answered => self.last_write + options.keep_alive_timeout,
            // A connection that has never asked anything must not gain by its first byte.
            _ => self.last_write + options.first_byte_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FIRST_BYTE: u64 = 5;
    const HANDLER: u64 = 30;
    const KEEP_ALIVE: u64 = 75;

    const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n";

    /// A connection in the making, with a clock that is moved by hand.
    struct Story {
        begin: Instant,
        timing: Timing,
    }

    impl Story {
        fn new() -> Self {
            let begin = Instant::now();
            Self { begin, timing: Timing::new(begin) }
        }

        fn at(&self, second: u64) -> Instant {
            self.begin + Duration::from_secs(second)
        }

        fn read(mut self, second: u64, bytes: &[u8]) -> Self {
            self.timing.read(bytes, self.at(second));
            self
        }

        fn wrote(mut self, second: u64) -> Self {
            self.timing.wrote(self.at(second));
            self
        }

        fn blocked(mut self, second: u64) -> Self {
            self.timing.blocked(self.at(second));
            self
        }

        #[track_caller]
        fn assert_waits(self, phase: Phase, until: u64) -> Self {
            let options = GuardOptions {
                first_byte_timeout: Duration::from_secs(FIRST_BYTE),
                handler_timeout: Duration::from_secs(HANDLER),
                keep_alive_timeout: Duration::from_secs(KEEP_ALIVE),
                max_connections: 1,
                max_connections_per_address: 0,
                exempt_loopback: true,
            };
            let deadline = self.timing.deadline(&options) - self.begin;
            assert_eq!((self.timing.phase(), deadline.as_secs()), (phase, until));
            self
        }
    }

    #[test]
    fn silence_and_drips_have_the_time_of_one_request() {
        let story = Story::new().assert_waits(Phase::Head, FIRST_BYTE);
        let story = story.read(3, b"G").assert_waits(Phase::Head, FIRST_BYTE);
        story.read(4, b"E").assert_waits(Phase::Head, FIRST_BYTE);
    }

    #[test]
    fn a_body_is_part_of_its_request() {
        let story = Story::new().read(1, HEAD).assert_waits(Phase::Body, FIRST_BYTE);
        let story = story.read(4, b"12345678").assert_waits(Phase::Body, FIRST_BYTE);
        story.read(4, b"9").assert_waits(Phase::Answer, 4 + HANDLER);
    }

    #[test]
    fn a_request_in_our_hands_has_more_time() {
        let story = Story::new().read(2, GET).assert_waits(Phase::Answer, 2 + HANDLER);
        story.read(9, b"GET").assert_waits(Phase::Answer, 2 + HANDLER);
    }

    #[test]
    fn between_requests_a_connection_may_rest() {
        let story = Story::new().read(0, GET).wrote(1).assert_waits(Phase::Head, 1 + KEEP_ALIVE);
        let story = story.read(50, b"G").assert_waits(Phase::Head, 50 + FIRST_BYTE);
        story.read(54, b"E").assert_waits(Phase::Head, 50 + FIRST_BYTE);
    }

    #[test]
    fn to_be_told_to_go_on_begins_the_wait_anew() {
        let story = Story::new().read(1, HEAD).wrote(2);
        story.assert_waits(Phase::Body, 2 + FIRST_BYTE);
    }

    #[test]
    fn who_does_not_take_the_answer_is_as_slow_as_who_does_not_ask() {
        let story = Story::new().read(0, GET).wrote(1).blocked(2).blocked(6);
        let story = story.assert_waits(Phase::Head, 2 + FIRST_BYTE);
        story.wrote(6).assert_waits(Phase::Head, 6 + KEEP_ALIVE);
    }

    #[test]
    fn a_request_that_came_along_with_the_last_is_waited_for_after_its_answer() {
        let story = Story::new().read(0, &[GET, b"GET"].concat());
        let story = story.assert_waits(Phase::Answer, HANDLER);
        story.wrote(8).assert_waits(Phase::Head, 8 + FIRST_BYTE);
    }

    #[test]
    fn http2_may_rest_like_a_kept_connection() {
        let story = Story::new().read(0, b"PRI * HTTP/2.0\r\n").wrote(1);
        story.read(9, b"\r\nSM").assert_waits(Phase::Head, 1 + KEEP_ALIVE);
    }
}
