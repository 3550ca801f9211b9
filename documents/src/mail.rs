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
        Self { subject: text::line(subject, SUBJECT), text: text::wrap(text), html }
    }
}
