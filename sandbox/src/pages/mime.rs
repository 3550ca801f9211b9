//! Enough of MIME to read the mails that we write ourselves.

use std::borrow::Cow;

use crate::api::base64;

/// Deepest nesting of parts.
const MAX_DEPTH: usize = 5;

/// Most parts of one mail.
const MAX_PARTS: usize = 50;

/// A mail, as far as a person wants to read it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) subject: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) date: String,
    pub(super) text: String,
    pub(super) html: String,
    pub(super) attachments: Vec<String>,
}

/// Reads a mail. Whatever is not understood is left out.
pub(super) fn parse(source: &[u8]) -> Mail {
    let source = String::from_utf8_lossy(source).replace("\r\n", "\n");
    let (head, body) = split(&source);
    let mut mail = Mail {
        subject: words(&header(head, "subject")),
        from: words(&header(head, "from")),
        to: words(&header(head, "to")),
        date: header(head, "date"),
        ..Mail::default()
    };
    if mail.subject.is_empty() {
        "(no subject)".clone_into(&mut mail.subject);
    }
    read_part(head, body, &mut mail, 0);
    mail
}

fn read_part(head: &str, body: &str, mail: &mut Mail, depth: usize) {
    let kind = header(head, "content-type");
    let lower = kind.to_ascii_lowercase();
    if lower.starts_with("multipart/") {
        let Some(boundary) = parameter(&kind, "boundary").filter(|_| depth < MAX_DEPTH) else {
            return;
        };
        let mark = format!("--{boundary}");
        for part in body.split(mark.as_str()).skip(1).take(MAX_PARTS) {
            if part.starts_with("--") {
                break;
            }
            let (head, body) = split(part.trim_start_matches('\n'));
            read_part(head, body, mail, depth + 1);
        }
        return;
    }
    let disposition = header(head, "content-disposition");
    let name = parameter(&disposition, "filename").or_else(|| parameter(&kind, "name"));
    if let Some(name) = name {
        mail.attachments.push(words(&name));
    } else if mail.text.is_empty() && (lower.is_empty() || lower.starts_with("text/plain")) {
        mail.text = decoded(body, &header(head, "content-transfer-encoding"));
    } else if mail.html.is_empty() && lower.starts_with("text/html") {
        mail.html = decoded(body, &header(head, "content-transfer-encoding"));
    }
}

/// Head and body, at the first empty line.
fn split(part: &str) -> (&str, &str) {
    part.split_once("\n\n").unwrap_or((part, ""))
}

/// The header `name`, unfolded; empty if there is none.
fn header(head: &str, name: &str) -> String {
    let mut value = String::new();
    let mut found = false;
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            if found {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        if found {
            break;
        }
        if let Some((key, text)) = line.split_once(':')
            && key.eq_ignore_ascii_case(name)
        {
            found = true;
            value.push_str(text.trim());
        }
    }
    value
}

/// The parameter `name` of a header such as `text/plain; charset=utf-8`.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (key.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
    })
}

fn decoded(body: &str, encoding: &str) -> String {
    let bytes: Cow<'_, [u8]> = match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let text: String = body.split_whitespace().collect();
            base64(&text).unwrap_or_default().into()
        }
        "quoted-printable" => quoted(&body.replace("=\n", ""), false).into(),
        _ => body.as_bytes().into(),
    };
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// Decodes `=C3=A4`, and in headers `_`.
fn quoted(text: &str, header: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail.get(..2).filter(|_| *first == b'=');
        let decoded = pair.and_then(|pair| hex::decode(pair).ok());
        if let Some(decoded) = decoded {
            bytes.extend(decoded);
            rest = tail.get(2..).unwrap_or_default();
            continue;
        }
        bytes.push(if header && *first == b'_' { b' ' } else { *first });
        rest = tail;
    }
    bytes
}

/// Decodes the encoded words of a header: `=?utf-8?b?…?=`.
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some((before, tail)) = rest.split_once("=?") {
        let mut fields = tail.splitn(4, '?');
        let word = (fields.next(), fields.next(), fields.next(), fields.next());
        let (Some(_charset), Some(kind), Some(data), Some(end)) = word else { break };
        let Some(end) = end.strip_prefix('=') else { break };
        let bytes = match kind {
            "b" | "B" => base64(data).unwrap_or_default(),
            _ => quoted(data, true),
        };
        // White space between two encoded words belongs to neither.
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&String::from_utf8_lossy(&bytes));
        rest = end;
        after_word = true;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_mail_is_found_and_decoded() {
        let source = "Subject: =?utf-8?b?UXVpdHR1bmc=?= =?utf-8?q?_f=C3=BCr?= you\r\n\
            From: a@example.com\r\nTo: b@example.com,\r\n c@example.com\r\n\
            Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n\
            --x\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe <b>\r\n\
            --x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n\
            --x\r\nContent-Type: application/pdf\r\n\
            Content-Disposition: attachment; filename=\"r.pdf\"\r\n\r\nAAAA\r\n--x--\r\n";
        let mail = parse(source.as_bytes());
        assert_eq!(mail.subject, "Quittung für you");
        assert_eq!(mail.to, "b@example.com, c@example.com");
        assert_eq!(mail.text, "Grüße <b>");
        assert_eq!(mail.html, "<p>Hello</p>");
        assert_eq!(mail.attachments, ["r.pdf"]);
    }

    #[test]
    fn rubbish_is_not_a_panic() {
        for source in ["", "\n\n", "=?", "Subject: =?a?b?c", "Content-Type: multipart/x\n\n--"] {
            parse(source.as_bytes());
        }
        parse(&[0xFF, 0xFE, b'\n', b'\n', 0x80]);
    }
}
