//! What a single setting may be. No message here repeats the value of a secret.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{
    MasterKey,
    error::{Problem, problem},
};

/// Where we listen when nobody says.
const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5_000);

/// The variable with the host application's secret.
pub(super) const JWT_SECRET: &str = "JWT_SECRET";

/// The variable with the key that wraps the data keys.
pub(super) const MASTER_KEY: &str = "QUITTANCE_MASTER_KEY";

/// Shortest secret that HS256 is safe with: as long as its hash (RFC 7518, 3.2).
const JWT_SECRET_BYTES: usize = 32;

/// Parts of texts that people leave in examples for others to replace.
const PLACEHOLDERS: [&str; 8] =
    ["changeme", "change-me", "change_me", "example", "placeholder", "your_", "xxxx", "..."];

/// Whether `secret` was copied from an example, or is one character again and again.
pub(super) fn is_placeholder(secret: &str) -> bool {
    let secret = secret.to_ascii_lowercase();
    let mut characters = secret.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
        || PLACEHOLDERS.iter().any(|placeholder| secret.contains(placeholder))
}

/// `LISTEN_ADDR`.
pub(super) fn listen(value: Option<&str>) -> Result<SocketAddr, Problem> {
    Ok(address("LISTEN_ADDR", value)?.unwrap_or(DEFAULT_LISTEN))
}

/// `WORKER_LISTEN_ADDR`: nowhere, if nobody says. Several workers on one machine would else ask for
/// one port, and what they show is not for everybody.
pub(super) fn worker_listen(value: Option<&str>) -> Result<Option<SocketAddr>, Problem> {
    address("WORKER_LISTEN_ADDR", value)
}

fn address(name: &'static str, value: Option<&str>) -> Result<Option<SocketAddr>, Problem> {
    let Some(value) = value else { return Ok(None) };
    value.parse().map(Some).or_else(|_| {
        let wrong = format!("`{value}` is not an address and a port");
        problem(name, wrong, "write it like 127.0.0.1:5000, 0.0.0.0:5000 or [::]:5000")
    })
}

/// The address by which this machine reaches `listen` itself.
pub(super) fn own_url(listen: SocketAddr) -> Url {
    let host = match listen {
        SocketAddr::V4(address) if address.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        address => address.ip(),
    };
    let address = SocketAddr::new(host, listen.port());
    Url::parse(&format!("http://{address}/")).expect("an address and a port make a URL")
}

/// `PUBLIC_URL`.
pub(super) fn public_url(value: Option<&str>, listen: SocketAddr) -> Result<Url, Problem> {
    const NAME: &str = "PUBLIC_URL";
    let Some(value) = value else { return Ok(own_url(listen)) };
    let url = http_url(NAME, value)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return problem(
            NAME,
            "it has a path",
            "give scheme, host and port only, or a host of its own",
        );
    }
    Ok(url)
}

/// A URL of a web server, without user information.
pub(super) fn http_url(name: &str, value: &str) -> Result<Url, Problem> {
    let advice = "write it like https://pay.shop.com";
    let Ok(url) = Url::parse(value) else {
        return problem(name, "it is not a URL", advice);
    };
    if !url.username().is_empty() || url.password().is_some() {
        return problem(name, "it holds a user name or a password", "remove what is before the @");
    }
    match url.scheme() {
        "https" | "http" => Ok(url),
        other => problem(name, format!("its scheme `{other}` is neither https nor http"), advice),
    }
}

/// Whether `url` never leaves the machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// `DATABASE_URL`.
pub(super) fn database_url(
    value: Option<SecretString>,
    data_dir: &Path,
) -> Result<SecretString, Problem> {
    const NAME: &str = "DATABASE_URL";
    let Some(value) = value else {
        let file = data_dir.join("quittance.db");
        let path = file.to_string_lossy();
        let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        return Ok(format!("sqlite://{path}").into());
    };
    let url = value.expose_secret();
    if url.contains(":memory:") || url.contains("mode=memory") {
        return problem(NAME, "it is in memory", "name a file: payments must survive a restart");
    }
    scheme(NAME, url, &["sqlite", "postgres", "postgresql"])?;
    if url.starts_with("postgres") && Url::parse(url).is_err() {
        return problem(
            NAME,
            "it is not a URL",
            "write it like postgres://user:password@host/name, with special characters of the \
             password percent-encoded",
        );
    }
    Ok(value)
}

/// `REDIS_URL` and `SMTP_URL`.
pub(super) fn server_url(
    name: &str,
    value: Option<SecretString>,
    schemes: &[&str],
) -> Result<Option<SecretString>, Problem> {
    let Some(value) = value else { return Ok(None) };
    scheme(name, value.expose_secret(), schemes)?;
    match Url::parse(value.expose_secret()) {
        Ok(url) if url.has_host() || url.scheme().ends_with("unix") => Ok(Some(value)),
        _ => problem(
            name,
            "it is not a URL with a host",
            format!("write it like {}://host", schemes[0]),
        ),
    }
}

/// The scheme is not shown: what somebody pasted here by mistake may be a password.
fn scheme(name: &str, url: &str, schemes: &[&str]) -> Result<(), Problem> {
    if url.split_once(':').is_some_and(|(scheme, _)| schemes.contains(&scheme)) {
        return Ok(());
    }
    let known = schemes.join(", ");
    problem(name, "its scheme is unknown", format!("begin it with one of: {known}"))
}

/// An e-mail address, or a name and one in angle brackets.
pub(super) fn mail_address(name: &str, value: &str) -> Result<String, Problem> {
    let address = match value.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => value,
    };
    let local_and_host = address.split_once('@');
    let good = local_and_host.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    if !good || address.contains(char::is_whitespace) || value.contains(char::is_control) {
        let wrong = "it is not an e-mail address";
        return problem(name, wrong, "write it like `Shop <billing@shop.com>`");
    }
    Ok(value.to_owned())
}

/// `CORS_ALLOWED_ORIGINS`.
pub(super) fn origins(value: Option<&str>) -> Result<Vec<String>, Problem> {
    const NAME: &str = "CORS_ALLOWED_ORIGINS";
    let entries = value.unwrap_or_default().split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty()).map(|entry| origin(NAME, entry)).collect()
}

fn origin(name: &str, entry: &str) -> Result<String, Problem> {
    if entry.contains('*') {
        let advice = "list each origin: a wildcard lets every site use your users' tokens";
        return problem(name, "it holds a wildcard", advice);
    }
    let url = http_url(name, entry)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        let wrong = format!("`{entry}` is more than an origin");
        return problem(name, wrong, "give scheme, host and port only");
    }
    Ok(url.origin().ascii_serialization())
}

/// [`JWT_SECRET`].
pub(super) fn jwt_secret(value: SecretString) -> Result<SecretString, Problem> {
    let advice = "use the secret of the host application, made by `openssl rand -hex 32`";
    if value.expose_secret().len() < JWT_SECRET_BYTES {
        return problem(JWT_SECRET, format!("it is shorter than {JWT_SECRET_BYTES} bytes"), advice);
    }
    if is_placeholder(value.expose_secret()) {
        return problem(JWT_SECRET, "it is a placeholder", advice);
    }
    Ok(value)
}

/// [`MASTER_KEY`]: hex, or base64 of either alphabet, padded or not.
pub(super) fn master_key(value: &SecretString) -> Result<MasterKey, Problem> {
    let advice = "make one with `openssl rand -hex 32`, and keep a copy in a safe place";
    let text = value.expose_secret().trim();
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = hex::decode(text)
        .or_else(|_| GeneralPurpose::new(&alphabet::STANDARD, config).decode(text))
        .or_else(|_| GeneralPurpose::new(&alphabet::URL_SAFE, config).decode(text));
    let Some(bytes) = bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) else {
        return problem(MASTER_KEY, "it is not 32 bytes in hex or base64", advice);
    };
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return problem(MASTER_KEY, "it is one byte again and again", advice);
    }
    Ok(MasterKey::new(bytes))
}
