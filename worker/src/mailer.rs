//! Hands mails to a mail server, or to a folder of the sandbox.

use std::{path::PathBuf, time::Duration};

use documents::Mail;
use entities::MailId;
use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};
use payments::{
    Store,
    mails::{self, Occasion, Opening},
};

use crate::{
    JobError,
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
    from: Mailbox,
    transport: Transport,
}

#[derive(Clone, Debug)]
enum Transport {
    Smtp(Smtp),
    Folder(PathBuf),
}

impl Mailer {
    /// Sends through the server at `url`.
    pub fn smtp(url: &str, from: &str, timeout: Duration) -> Result<Self, MailerError> {
        let transport = Transport::Smtp(Smtp::new(url, timeout).map_err(MailerError::Url)?);
        Ok(Self { from: from.parse().map_err(MailerError::Sender)?, transport })
    }

    /// Writes each mail into a file of `folder`.
    pub fn folder(folder: PathBuf, from: &str) -> Result<Self, MailerError> {
        let from = from.parse().map_err(MailerError::Sender)?;
        Ok(Self { from, transport: Transport::Folder(folder) })
    }

    /// Who our mails are from, for people.
    pub fn sender(&self) -> &str {
        self.from.name.as_deref().unwrap_or(self.from.email.domain())
    }

    /// Sends `mail` for `occasion` to `to`, unless the server has accepted it before.
    pub async fn send_once(
        &self,
        store: &Store,
        occasion: &str,
        to: &str,
        mail: &Mail,
    ) -> Result<(), JobError> {
        let Ok(to): Result<Mailbox, _> = to.parse() else {
            // Asking the host application again will not make it an address.
            return Err(JobError::Bury(anyhow::anyhow!("the recipient has no valid address")));
        };
        let recipient: &str = to.email.as_ref();
        let opening = Opening { occasion, recipient, subject: &mail.subject };
        for occasion in mails::begin(store, &[opening]).await? {
            if let Occasion::Send(id) = occasion {
                self.send(id, to.clone(), mail).await?;
                mails::sent(store.db.writer(), &[id], store.clock.now()).await?;
            }
        }
        Ok(())
    }

    /// Sends `mail`, whose row is `id`, to `to`.
    pub(crate) async fn send(&self, id: MailId, to: Mailbox, mail: &Mail) -> Result<(), JobError> {
        let message = self.message(id, to, mail).map_err(JobError::Bury)?;
        self.deliver(id, message).await.map_err(JobError::Retry)
    }

    /// The id is the row's, so that a copy after a crash is the same mail to its receiver.
    fn message(&self, id: MailId, to: Mailbox, mail: &Mail) -> anyhow::Result<Message> {
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        let body = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
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
