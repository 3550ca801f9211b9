//! What can go wrong, by what the caller can do about it.

use std::{fmt, time::Duration};

use entities::fact::Fact;

/// Why a webhook was turned away.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// No signature, or none that fits the body.
    #[error("the signature does not match the body")]
    Signature,
    /// Signed properly, but too long ago or too far ahead.
    #[error("the signature is older or newer than the tolerance allows")]
    Stale,
    /// Signed properly, but not of a form this version understands.
    #[error("the body is not an event this version understands")]
    Malformed(#[source] Unreadable),
    /// What the proof needs cannot be had now: the sender has to come back.
    #[error("the signature cannot be checked now")]
    Unproven(#[source] GatewayError),
}

/// Why a stored event means nothing to us although its kind is one that should.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A part that we need is missing or of another kind.
    #[error("the event lacks what its kind promises")]
    Malformed(#[source] Unreadable),
    /// Two parts of the event tell different stories.
    #[error("the event contradicts itself about the {0}")]
    Contradiction(&'static str),
}

/// Why a call to a provider came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The provider's word: it understood the call and refused, or could not do it now.
    #[error("the provider answered {status} ({kind}, {})", .code.as_deref().unwrap_or("no code"))]
    Api {
        /// The HTTP status; 402 for a decline, whatever the provider's own.
        status: u16,
        /// The provider's machine-readable reason.
        code: Option<String>,
        /// The issuer's finer reason.
        decline_code: Option<String>,
        /// The provider's class of error.
        kind: String,
        /// The provider's words for a developer; neither for logs nor for payers.
        message: String,
        /// What the refusal says about the payment it was about.
        payment: Option<Box<Fact>>,
    },
    /// No answer: whether it happened is unknown.
    #[error("the provider gave no answer")]
    Net(#[source] NetError),
    /// It happened, but the answer cannot be read.
    #[error("the provider's answer cannot be read")]
    Shape(#[source] Unreadable),
}

impl GatewayError {
    /// Whether the same call with the same idempotency key may end differently later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Api { status, .. } => matches!(status, 409 | 429 | 500..),
            Self::Net(_) | Self::Shape(_) => true,
        }
    }

    /// Whether the call may have taken effect: look it up before anything is concluded.
    ///
    /// A conflict says that the same key is in flight, and a server's error may come after the
    /// deed, so both count.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Api { status, .. } => matches!(status, 409 | 500..),
            Self::Net(NetError::Busy | NetError::Resting(_)) => false,
            Self::Net(NetError::Exchange(_)) | Self::Shape(_) => true,
        }
    }

    /// A refusal that we know without asking.
    pub(crate) fn refused(status: u16, code: &'static str, message: &'static str) -> Self {
        Self::Api {
            status,
            code: Some(code.to_owned()),
            decline_code: None,
            kind: "invalid_request_error".to_owned(),
            message: message.to_owned(),
            payment: None,
        }
    }
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Our own limit on calls left no room in time; nothing was sent.
    #[error("too many calls are waiting for the provider")]
    Busy,
    /// It failed again and again, so it is left alone for a while; nothing was sent.
    #[error("the provider failed again and again; it is asked again in {} s", .0.as_secs())]
    Resting(Duration),
    /// The exchange broke off or ran out of time.
    #[error("the exchange with the provider broke off")]
    Exchange(#[source] reqwest::Error),
}

/// What is wrong with a text, without a word of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    what: &'static str,
    line_and_column: Option<(usize, usize)>,
}

impl Unreadable {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, line_and_column: None }
    }
}

impl From<serde_json::Error> for Unreadable {
    /// Keeps where it is wrong and drops the message, which quotes the text.
    fn from(error: serde_json::Error) -> Self {
        let what = match error.classify() {
            serde_json::error::Category::Io => "the text cannot be read",
            serde_json::error::Category::Syntax => "the text is not JSON",
            serde_json::error::Category::Data => "a part is missing, doubled or of another kind",
            serde_json::error::Category::Eof => "the text ends too early",
        };
        Self { what, line_and_column: Some((error.line(), error.column())) }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        match self.line_and_column {
            Some((line, column)) => write!(f, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Unreadable {}
