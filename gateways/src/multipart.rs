//! Bodies of several parts (RFC 7578), for files.

/// A body under construction. Names and types are ours, or were checked before they came here.
pub(crate) struct Multipart {
    boundary: String,
    body: Vec<u8>,
}

impl Multipart {
    /// An empty one; `key` makes its boundary, so that the same call is the same bytes.
    pub(crate) fn new(key: &str) -> Self {
        let legal = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let key: String = key.chars().filter(legal).take(50).collect();
        Self { boundary: format!("quittance-{key}"), body: Vec::new() }
    }

    /// Adds a text.
    pub(crate) fn text(mut self, name: &str, media: Option<&str>, text: &str) -> Self {
        self.begin(&format!("name=\"{name}\""), media);
        self.body.extend_from_slice(text.as_bytes());
        self
    }

    /// Adds a file.
    pub(crate) fn file(mut self, name: &str, file: &str, media: &str, content: &[u8]) -> Self {
        self.begin(&format!("name=\"{name}\"; filename=\"{file}\""), Some(media));
        self.body.extend_from_slice(content);
        self
    }

    /// Its media type, and its bytes.
    pub(crate) fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("\r\n--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }

    fn begin(&mut self, disposition: &str, media: Option<&str>) {
        let line = if self.body.is_empty() { "" } else { "\r\n" };
        let kind = media.map_or_else(String::new, |media| format!("content-type: {media}\r\n"));
        let head = format!(
            "{line}--{}\r\ncontent-disposition: form-data; {disposition}\r\n{kind}\r\n",
            self.boundary
        );
        self.body.extend_from_slice(head.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_between_boundaries() {
        let body = Multipart::new("answer-1_x").text("purpose", None, "p").file(
            "file",
            "a.pdf",
            "application/pdf",
            b"%PDF-",
        );
        let (kind, body) = body.finish();
        assert_eq!(kind, "multipart/form-data; boundary=quittance-answer-1x");
        let expected = "--quittance-answer-1x\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\np\
                        \r\n--quittance-answer-1x\r\ncontent-disposition: form-data; name=\"file\"; \
                        filename=\"a.pdf\"\r\ncontent-type: application/pdf\r\n\r\n%PDF-\
                        \r\n--quittance-answer-1x--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
