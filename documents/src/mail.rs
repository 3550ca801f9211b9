use crate::text;

/// Most characters of a subject; mail programs show fewer.
const SUBJECT: usize = 120;

/// A mail that only lacks its sender and its recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its subject: one line, whatever the data was.
    pub subject: String,
    /// The plain text; no line but a web address is longer than 78 characters.
    pub text: String,
    /// The same as HTML that needs no image and no style sheet from elsewhere.
    pub html: String,
    /// What comes with it.
    pub attachments: Vec<Attachment>,
}

/// A file that comes with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub kind: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Why a mail could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template failed.
    #[error("the template failed")]
    Template(#[from] askama::Error),
    /// A time cannot be written.
    #[error("the time cannot be written")]
    Time(#[from] time::error::Format),
}

impl Mail {
    /// Puts the parts together, and each into its limits.
    pub(crate) fn new(subject: &str, text: &str, html: String) -> Self {
        let (subject, text) = (text::line(subject, SUBJECT), text::wrap(text));
        Self { subject, text, html, attachments: Vec::new() }
    }

    /// The mail with `attachment` beside what else comes with it.
    #[must_use]
    pub fn with(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }
}
