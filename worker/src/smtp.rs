//! SMTP: connections that are kept open, and as few writes as the server allows.
//!
//! lettre's own pool sends a mail and the line that ends it in two writes. The second waits until the
//! server's kernel has acknowledged the first (RFC 896), which delays that by 40 ms: 25 mails a second
//! on a connection, however fast the server is. Everything else here is lettre's.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use lettre::{
    Message,
    address::Envelope,
    transport::smtp::{
        SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Tls, TlsParameters},
        commands::{Data, Ehlo, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use memchr::memmem;
use percent_encoding::percent_decode_str;
use tokio::time::Instant;
use url::Url;

/// A connection that rested longer is asked whether it still lives.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// A connection that rested longer is closed: servers close theirs after minutes (RFC 5321, 4.5.3.2).
const CLOSE_AFTER: Duration = Duration::from_mins(1);

/// Why a URL is no mail server's.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It is not a URL.
    #[error(transparent)]
    Syntax(#[from] url::ParseError),
    /// It is one of something else.
    #[error("its {0}")]
    Part(&'static str),
    /// TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// A mail server, and the connections to it.
#[derive(Clone)]
pub(crate) struct Smtp {
    server: Arc<Server>,
    resting: Arc<Mutex<Vec<(Instant, Connection)>>>,
}

struct Connection {
    smtp: AsyncSmtpConnection,
    /// Whether the server takes commands before it has answered those before (RFC 2920).
    pipelining: bool,
}

struct Server {
    host: String,
    port: u16,
    tls: Tls,
    hello: ClientId,
    credentials: Option<Credentials>,
    timeout: Duration,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{})", self.server.host, self.server.port)
    }
}

impl Smtp {
    /// The server at `url`; a command, or connecting, may take `timeout`.
    pub(crate) fn new(url: &str, timeout: Duration) -> Result<Self, UrlError> {
        let server = Arc::new(Server::new(&Url::parse(url)?, timeout)?);
        Ok(Self { server, resting: Arc::default() })
    }

    /// Hands `message` to the server: when this returns, it has accepted it.
    pub(crate) async fn send(&self, message: &Message) -> anyhow::Result<()> {
        let content = String::from_utf8(message.formatted()).context("a mail is not text")?;
        let dialogue = async {
            let mut connection = self.connection().await?;
            deliver(&mut connection, message.envelope(), content).await?;
            anyhow::Ok(connection)
        };
        // A connection whose mail failed, or was given up, is closed by dropping it.
        let connection = tokio::time::timeout(self.server.timeout * 2, dialogue)
            .await
            .context("the mail server took too long")??;
        // As many as mails were sent side by side: each was open a moment ago.
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|(since, _)| since.elapsed() < CLOSE_AFTER);
        resting.push((Instant::now(), connection));
        Ok(())
    }

    async fn connection(&self) -> anyhow::Result<Connection> {
        while let Some((since, mut connection)) = self.rested() {
            let rest = since.elapsed();
            if rest < ASK_AFTER || (rest < CLOSE_AFTER && connection.smtp.test_connected().await) {
                return Ok(connection);
            }
        }
        Ok(self.server.connect().await?)
    }

    /// The connection that rested the shortest.
    fn rested(&self) -> Option<(Instant, Connection)> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Server {
    /// Reads what lettre's own URLs say: `smtp://host:25`, `smtp://host?tls=required`,
    /// `smtps://user:password@host/name-for-ehlo`.
    fn new(url: &Url, timeout: Duration) -> Result<Self, UrlError> {
        let host = url.host_str().ok_or(UrlError::Part("host is missing"))?;
        let parameters = || TlsParameters::new(host.to_owned());
        let wish = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, wish)| wish);
        let (port, tls) = match (url.scheme(), wish.as_deref()) {
            ("smtp", None) => (SMTP_PORT, Tls::None),
            ("smtp", Some("required")) => (SUBMISSION_PORT, Tls::Required(parameters()?)),
            ("smtp", Some("opportunistic")) => (SUBMISSION_PORT, Tls::Opportunistic(parameters()?)),
            ("smtps", _) => (SUBMISSIONS_PORT, Tls::Wrapper(parameters()?)),
            ("smtp", _) => return Err(UrlError::Part("tls is neither required nor opportunistic")),
            _ => return Err(UrlError::Part("scheme is neither smtp nor smtps")),
        };
        let hello = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let decoded = |part: &str| match percent_decode_str(part).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(UrlError::Part("user or password is not UTF-8")),
        };
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(decoded(url.username())?, decoded(password)?)),
            None => None,
        };
        let port = url.port().unwrap_or(port);
        Ok(Self { host: host.to_owned(), port, tls, hello, credentials, timeout })
    }

    async fn connect(&self) -> Result<Connection, lettre::transport::smtp::Error> {
        let wrapper = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let place = (self.host.as_str(), self.port);
        let timeout = Some(self.timeout);
        let mut smtp =
            AsyncSmtpConnection::connect_tokio1(place, timeout, &self.hello, wrapper, None).await?;
        match &self.tls {
            Tls::Required(parameters) => {
                smtp.starttls(parameters.clone(), &self.hello).await?;
            }
            Tls::Opportunistic(parameters) if smtp.can_starttls() => {
                smtp.starttls(parameters.clone(), &self.hello).await?;
            }
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            smtp.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        // lettre does not tell which extensions there are besides those that it knows.
        let answer = smtp.command(Ehlo::new(self.hello.clone())).await?;
        let pipelining =
            answer.message().any(|line| line.trim().eq_ignore_ascii_case("PIPELINING"));
        Ok(Connection { smtp, pipelining })
    }
}

/// One mail (RFC 5321, 3.3).
async fn deliver(
    connection: &mut Connection,
    envelope: &Envelope,
    content: String,
) -> anyhow::Result<()> {
    let Connection { smtp, pipelining } = connection;
    let parameters = parameters(smtp, envelope, &content)?;
    let mut commands = vec![Mail::new(envelope.from().cloned(), parameters).to_string()];
    commands.extend(envelope.to().iter().map(|to| Rcpt::new(to.clone(), Vec::new()).to_string()));
    commands.push(Data.to_string());
    if *pipelining {
        smtp.command(commands.concat()).await?;
        for _ in 1..commands.len() {
            smtp.read_response().await?;
        }
    } else {
        for command in commands {
            smtp.command(command).await?;
        }
    }
    smtp.command(Content(content)).await?;
    Ok(())
}

/// What the server has to know of a mail beyond ASCII.
fn parameters(
    smtp: &AsyncSmtpConnection,
    envelope: &Envelope,
    content: &str,
) -> anyhow::Result<Vec<MailParameter>> {
    let server = smtp.server_info();
    let mut parameters = Vec::new();
    let mut addresses = envelope.to().iter().chain(envelope.from());
    if addresses.any(|address| !address.to_string().is_ascii()) {
        if !server.supports_feature(Extension::SmtpUtfEight) {
            bail!("the mail server takes no addresses beyond ASCII (SMTPUTF8)");
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !content.is_ascii() {
        if !server.supports_feature(Extension::EightBitMime) {
            bail!("the mail server takes no text beyond ASCII (8BITMIME)");
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

/// A mail's text, with what ends it.
struct Content(String);

impl fmt::Display for Content {
    /// A line that begins with a dot gets another: RFC 5321, 4.5.2.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.starts_with('.') {
            f.write_str(".")?;
        }
        let mut written = 0;
        for line_end in memmem::find_iter(self.0.as_bytes(), "\r\n.") {
            let dot = line_end + 2;
            f.write_str(&self.0[written..dot])?;
            f.write_str(".")?;
            written = dot;
        }
        f.write_str(&self.0[written..])?;
        f.write_str("\r\n.\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Result<Server, UrlError> {
        Server::new(&Url::parse(url).unwrap(), Duration::from_secs(1))
    }

    #[test]
    fn dots_at_line_starts_are_doubled() {
        let content = Content("a\r\n.\r\n..b\r\nc.".to_owned()).to_string();
        assert_eq!(content, "a\r\n..\r\n...b\r\nc.\r\n.\r\n");
        assert_eq!(Content("..\r\n\r\n.".to_owned()).to_string(), "...\r\n\r\n..\r\n.\r\n");
    }

    #[test]
    fn urls_say_port_encryption_name_and_credentials() {
        let plain = server("smtp://mail.test").unwrap();
        assert!((plain.port, plain.credentials.is_none()) == (25, true));
        assert!(matches!(plain.tls, Tls::None));
        let wrapped = server("smtps://us%40er:p%3Aw@mail.test/shop.test").unwrap();
        assert_eq!(wrapped.port, 465);
        assert_eq!(wrapped.hello, ClientId::Domain("shop.test".to_owned()));
        let credentials = Credentials::new("us@er".to_owned(), "p:w".to_owned());
        assert_eq!(wrapped.credentials, Some(credentials));
        let upgraded = server("smtp://mail.test:2525?tls=required").unwrap();
        assert_eq!(upgraded.port, 2525);
        assert!(matches!(upgraded.tls, Tls::Required(_)));
    }

    #[test]
    fn other_urls_are_refused() {
        for url in ["http://mail.test", "smtp://mail.test?tls=maybe", "smtps:nowhere"] {
            assert!(server(url).is_err(), "{url}");
        }
    }
}
