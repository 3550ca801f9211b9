//! Hands mails to a mail server, or to a folder of the sandbox.

use std::{fmt::Write, path::PathBuf, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use documents::Mail;
use entities::MailId;
use lettre::{
    Message,
    message::{
        Attachment, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType},
    },
};
use payments::{
    Store,
    mails::{self, Occasion, Opening},
};

use crate::{
    JobError,
    noter::Noter,
    smtp::{Smtp, UrlError},
};

/// Why there can be no mailer.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The sender is not an address.
    #[error("MAIL_FROM is not an address such as Shop <billing@example.com>")]
    Sender(#[source] lettre::address::AddressError),
    /// The server's URL cannot be used.
    #[error("SMTP_URL cannot be used; write smtps://user:password@host:465 or smtp://host:25")]
    Url(#[source] UrlError),
}

/// Sends mails.
#[derive(Clone, Debug)]
pub struct Mailer {
    store: Store,
    noter: Noter,
    from: Mailbox,
    transport: Transport,
    /// Most new mails to one recipient in an hour.
    per_hour: u64,
}

/// Enough for a person; a bug that sends more is stopped. The settings have a number of their own.
const PER_HOUR: u64 = 20;

#[derive(Clone, Debug)]
enum Transport {
    Smtp(Smtp),
    Folder(PathBuf),
}

impl Mailer {
    /// Sends through the server at `url`, and writes down in `store` what was sent. Must be called
    /// within a Tokio runtime.
    pub fn smtp(
        store: &Store,
        url: &str,
        from: &str,
        timeout: Duration,
    ) -> Result<Self, MailerError> {
        let smtp = Smtp::new(url, timeout).map_err(MailerError::Url)?;
        Self::new(store, from, Transport::Smtp(smtp))
    }

    /// Writes each mail into a file of `folder`; otherwise as [`smtp`](Self::smtp).
    pub fn folder(store: &Store, folder: PathBuf, from: &str) -> Result<Self, MailerError> {
        Self::new(store, from, Transport::Folder(folder))
    }

    fn new(store: &Store, from: &str, transport: Transport) -> Result<Self, MailerError> {
        let from = from.parse().map_err(MailerError::Sender)?;
        let (store, noter) = (store.clone(), Noter::start(store));
        Ok(Self { store, noter, from, transport, per_hour: PER_HOUR })
    }

    /// Sends at most `per_hour` new mails to one recipient in an hour; the others wait.
    #[must_use]
    pub fn at_most(mut self, per_hour: u32) -> Self {
        self.per_hour = per_hour.into();
        self
    }

    /// Who our mails are from, for people.
    pub fn sender(&self) -> &str {
        self.from.name.as_deref().unwrap_or(self.from.email.domain())
    }

    /// Sends `mail` for `occasion` to `to`, unless the server has accepted it before.
    pub async fn send_once(&self, occasion: &str, to: &str, mail: &Mail) -> Result<(), JobError> {
        let Ok(to): Result<Mailbox, _> = to.parse() else {
            // Asking the host application again will not make it an address.
            return Err(JobError::Bury(anyhow::anyhow!("the recipient has no valid address")));
        };
        let recipient: &str = to.email.as_ref();
        let opening = Opening { occasion, recipient, subject: &mail.subject };
        for occasion in self.begin(&[opening]).await? {
            match occasion {
                Occasion::Sent => {}
                Occasion::Later(wait) => return Err(later(wait)),
                Occasion::Send(id) => {
                    self.send(id, to.clone(), mail).await?;
                    self.note(id).await.map_err(JobError::Retry)?;
                }
            }
        }
        Ok(())
    }

    /// What is to be done on each of `openings`, in order.
    pub(crate) async fn begin(
        &self,
        openings: &[Opening<'_>],
    ) -> Result<Vec<Occasion>, payments::Error> {
        mails::begin(&self.store, openings, self.per_hour).await
    }

    /// Sends `mail`, whose row is `id`, to `to`.
    pub(crate) async fn send(&self, id: MailId, to: Mailbox, mail: &Mail) -> Result<(), JobError> {
        let _sending = self.noter.sending();
        let message = self.message(id, to, mail).map_err(JobError::Bury)?;
        self.deliver(id, message).await.map_err(JobError::Retry)
    }

    /// Notes that mail `id` was accepted; see [`Noter::note`].
    pub(crate) async fn note(&self, id: MailId) -> anyhow::Result<()> {
        self.noter.note(id).await
    }

    /// The id is the row's, so that a copy after a crash is the same mail to its receiver.
    fn message(&self, id: MailId, to: Mailbox, mail: &Mail) -> anyhow::Result<Message> {
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        let mut body = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, mail.text.clone()))
            .singlepart(part(ContentType::TEXT_HTML, in_ascii(&mail.html)));
        if !mail.attachments.is_empty() {
            body = MultiPart::mixed().multipart(body);
        }
        for file in &mail.attachments {
            let part = Attachment::new(file.name.clone());
            body =
                body.singlepart(part.body(in_base64(&file.bytes), ContentType::parse(file.kind)?));
        }
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&mail.subject)
            .message_id(Some(message_id))
            .header(AutoSubmitted)
            .multipart(body)?;
        Ok(message)
    }

    async fn deliver(&self, id: MailId, message: Message) -> anyhow::Result<()> {
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(&message).await?,
            Transport::Folder(folder) => {
                tokio::fs::create_dir_all(folder).await?;
                let (unfinished, file) =
                    (folder.join(format!(".{id}")), folder.join(format!("{id}.eml")));
                tokio::fs::write(&unfinished, message.formatted()).await?;
                tokio::fs::rename(&unfinished, &file).await?;
            }
        }
        Ok(())
    }
}

/// Longest line of a mail without its end (RFC 5322, 2.1.1).
const LINE: usize = 998;

/// `text` as it is where mail can carry it so; otherwise encoded, which takes longer than to send it.
fn part(kind: ContentType, text: String) -> SinglePart {
    let builder = SinglePart::builder().header(kind);
    let fits = |line: &str| {
        line.len() <= LINE && line.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
    };
    if !text.split('\n').all(fits) {
        return builder.body(text);
    }
    let text = text.replace('\n', "\r\n").into_bytes();
    builder.body(Body::dangerous_pre_encoded(text, ContentTransferEncoding::SevenBit))
}

/// `html` with numeric references for what is not ASCII.
fn in_ascii(html: &str) -> String {
    let mut ascii = String::with_capacity(html.len());
    for letter in html.chars() {
        match letter {
            '\0'..='\x7f' => ascii.push(letter),
            _ => {
                let _ = write!(ascii, "&#{};", u32::from(letter));
            }
        }
    }
    ascii
}

/// Letters on a line of base64, at most (RFC 2045, 6.8).
const BASE64_LINE: usize = 76;

/// `bytes` as base64, encoded in one go; lettre would encode line by line.
fn in_base64(bytes: &[u8]) -> Body {
    let encoded = STANDARD.encode(bytes);
    let mut lines = Vec::with_capacity(encoded.len() + 2 * (encoded.len() / BASE64_LINE + 1));
    for line in encoded.as_bytes().chunks(BASE64_LINE) {
        if !lines.is_empty() {
            lines.extend_from_slice(b"\r\n");
        }
        lines.extend_from_slice(line);
    }
    Body::dangerous_pre_encoded(lines, ContentTransferEncoding::Base64)
}

/// Why a mail is sent after `wait` and not now.
pub(crate) fn later(wait: Duration) -> JobError {
    let cause = "the recipient has had as many mails as one may get in an hour";
    JobError::Snooze(wait, anyhow::anyhow!(cause))
}

/// Tells mail robots that nobody reads an answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        let value = "auto-generated".to_owned();
        lettre::message::header::HeaderValue::new(Self::name(), value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(kind: ContentType, text: &str) -> String {
        String::from_utf8(part(kind, text.to_owned()).formatted()).expect("it is ASCII")
    }

    #[test]
    fn text_that_mail_carries_is_sent_as_it_is_and_other_text_is_encoded() {
        let plain = formatted(ContentType::TEXT_PLAIN, "one = two\n\n.three");
        assert!(plain.contains("Content-Transfer-Encoding: 7bit\r\n"), "{plain}");
        assert!(plain.contains("\r\n\r\none = two\r\n\r\n.three"), "{plain}");
        let long = "x".repeat(LINE + 1);
        for text in ["You paid 5 €.", long.as_str()] {
            let encoded = formatted(ContentType::TEXT_PLAIN, text);
            assert!(encoded.contains("quoted-printable"), "{encoded}");
            assert!(encoded.split("\r\n").all(|line| line.len() <= LINE), "{encoded}");
        }
        // Left to lettre, which knows that a line ends with both.
        let mixed = formatted(ContentType::TEXT_PLAIN, "a\r\nb\nc");
        assert!(mixed.ends_with("\r\n\r\na\r\nb\r\nc\r\n"), "{mixed:?}");
        let full = formatted(ContentType::TEXT_PLAIN, &long[1..]);
        assert!(full.contains("7bit") && full.contains(&long[1..]));
    }

    #[test]
    fn what_is_attached_is_encoded_as_lettre_would() {
        for length in [0, 1, 56, 57, 58, 113, 114, 115, 5_000] {
            let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let body = in_base64(&bytes);
            let lettres = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64);
            assert_eq!(
                body.as_ref(),
                lettres.expect("base64 can hold anything").as_ref(),
                "{length}"
            );
        }
    }

    #[test]
    fn html_says_in_ascii_what_it_said() {
        assert_eq!(in_ascii("<b>5 €</b> &amp; 🎉"), "<b>5 &#8364;</b> &amp; &#127881;");
    }
}
