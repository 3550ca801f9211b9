//! The mail that would have been sent.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use askama::Template;
use poem::{
    Response,
    http::{StatusCode, header},
};

use super::{
    html, message,
    mime::{self, Mail},
    nothing_here,
};
use crate::Inner;

/// Most mails listed.
const MAX_MAILS: usize = 200;

/// Largest mail shown.
const MAX_SIZE: u64 = 4 * 1024 * 1024;

/// Most of a mail's source shown.
const MAX_SOURCE: usize = 100_000;

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Mailbox {
    mails: Vec<Listed>,
}

struct Listed {
    name: String,
    subject: String,
    to: String,
    date: String,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Opened {
    name: String,
    mail: Mail,
    source: String,
}

impl Inner {
    /// `GET /sandbox/mail`
    pub(super) async fn show_mailbox(&self) -> Response {
        let Some(folder) = self.config.mailbox.clone() else { return nothing_here() };
        let listed = tokio::task::spawn_blocking(move || list(&folder)).await;
        match listed {
            Ok(Ok(mails)) => html(StatusCode::OK, &Mailbox { mails }),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                html(StatusCode::OK, &Mailbox { mails: Vec::new() })
            }
            _ => unreadable("The folder of the mailbox cannot be read."),
        }
    }

    /// `GET /sandbox/mail/{name}`
    pub(super) async fn show_mail(&self, name: &str) -> Response {
        match self.open_mail(name).await {
            Ok(bytes) => {
                let mut source = String::from_utf8_lossy(&bytes).into_owned();
                source.truncate(source.floor_char_boundary(MAX_SOURCE));
                let (name, mail) = (name.to_owned(), mime::parse(&bytes));
                html(StatusCode::OK, &Opened { name, mail, source })
            }
            Err(why) => why,
        }
    }

    /// `GET /sandbox/mail/{name}/html`: the mail as a mail program shows it.
    pub(super) async fn show_letter(&self, name: &str) -> Response {
        match self.open_mail(name).await {
            Ok(bytes) => letter(mime::parse(&bytes).html),
            Err(why) => why,
        }
    }

    async fn open_mail(&self, name: &str) -> Result<Vec<u8>, Response> {
        let folder = self.config.mailbox.as_ref().filter(|_| is_mail_name(name));
        let path = folder.ok_or_else(nothing_here)?.join(name);
        match tokio::task::spawn_blocking(move || read(&path)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Err(nothing_here()),
            _ => Err(unreadable("This mail cannot be read.")),
        }
    }
}

/// Whoever wrote the mail, it may neither run nor load anything here.
fn letter(html: String) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; \
                          frame-ancestors 'self'";
    Response::builder()
        .content_type("text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CACHE_CONTROL, "no-store")
        .body(html)
}

fn unreadable(why: &str) -> Response {
    message(StatusCode::INTERNAL_SERVER_ERROR, "That did not work", why)
}

/// Whether `name` can only be a mail in the folder itself.
fn is_mail_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte);
    name.len() <= 200
        && name.len() > ".eml".len()
        && Path::new(name).extension().is_some_and(|kind| kind == "eml")
        && !name.starts_with('.')
        && name.bytes().all(plain)
}

/// The mails in `folder`, newest first.
fn list(folder: &Path) -> io::Result<Vec<Listed>> {
    let mut found: Vec<(u128, String, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        if is_mail_name(&name) && metadata.is_file() {
            let age = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            found.push((age.unwrap_or_default().as_nanos(), name, entry.path()));
        }
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.truncate(MAX_MAILS);
    let mails = found.into_iter().filter_map(|(_, name, path)| {
        let mail = mime::parse(&read(&path).ok()?);
        Some(Listed { name, subject: mail.subject, to: mail.to, date: mail.date })
    });
    Ok(mails.collect())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A link could lead anywhere, so it is no mail.
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() || metadata.len() > MAX_SIZE {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_the_folder() {
        assert!(is_mail_name("2026-11-21T12-00-00-receipt.eml"));
        for name in ["../a.eml", "a/b.eml", ".eml", ".a.eml", "a.txt", "a\\b.eml", "a%2f.eml", ""] {
            assert!(!is_mail_name(name), "{name}");
        }
    }
}
