//! Bodies of several parts (RFC 7578), as clients of payment providers send files.

use std::convert::Infallible;

use futures_util::{FutureExt, future, stream};
use multer::Multipart;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// What the file is called, if it is one.
    pub(crate) file: Option<String>,
    pub(crate) media: Option<String>,
    pub(crate) content: Vec<u8>,
}

/// The boundary that a `content-type` names, if it is one of several parts.
pub(crate) fn boundary(kind: &str) -> Option<String> {
    multer::parse_boundary(kind).ok()
}

/// The parts of `body`; `None` if it is not made of them.
pub(crate) fn parse(boundary: &str, body: &[u8]) -> Option<Vec<Part>> {
    // All of the body is there, so nothing is waited for.
    read(boundary, body.to_vec()).now_or_never()?
}

async fn read(boundary: &str, body: Vec<u8>) -> Option<Vec<Part>> {
    let body = stream::once(future::ready(Ok::<_, Infallible>(body)));
    let mut multipart = Multipart::new(body, boundary);
    let mut parts = Vec::new();
    while let Some(field) = multipart.next_field().await.ok()? {
        parts.push(Part {
            name: field.name()?.to_owned(),
            file: field.file_name().map(str::to_owned),
            media: field.content_type().map(ToString::to_string),
            content: field.bytes().await.ok()?.to_vec(),
        });
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_curl_writes_them() {
        let kind = "multipart/form-data; boundary=----x";
        let body = b"------x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\np\r\n\
                     ------x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
                     Content-Type: application/pdf\r\n\r\n%PDF-\r\n\r\n1\r\n------x--\r\n";
        let parts = parse(&boundary(kind).unwrap(), body).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].name.as_str(), parts[0].content.as_slice()), ("purpose", &b"p"[..]));
        assert_eq!(parts[1].file.as_deref(), Some("a.pdf"));
        assert_eq!(parts[1].media.as_deref(), Some("application/pdf"));
        assert_eq!(parts[1].content, b"%PDF-\r\n\r\n1");
        for end in 0..body.len() - 4 {
            assert_eq!(parse("----x", &body[..end]), None, "{end}");
        }
        assert_eq!(boundary("application/json"), None);
    }
}
