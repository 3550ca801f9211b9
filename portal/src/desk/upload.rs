//! Forms with files.

use std::{collections::BTreeMap, convert::Infallible};

use futures_util::{future, stream};
use multer::Multipart;
use poem::{FromRequest, Request, RequestBody, Result, http::StatusCode, http::header};

use super::{guard::Staff, kept::Typed};

/// A form with files that one of the seller's own people has sent.
pub(super) struct Upload {
    pub(super) staff: Staff,
    texts: BTreeMap<String, String>,
    pub(super) files: Vec<Chosen>,
}

/// A file that was chosen.
pub(super) struct Chosen {
    /// The field that it was chosen in.
    pub(super) field: String,
    /// What it is called, with nothing in it but letters, digits, dots, `-` and `_`.
    pub(super) name: String,
    pub(super) media: String,
    pub(super) content: Vec<u8>,
}

impl Upload {
    /// What was typed as `name`.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

impl<'a> FromRequest<'a> for Upload {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let staff = Staff::from_request(request, body).await?;
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(|kind| multer::parse_boundary(kind).ok());
        let boundary = boundary.ok_or(StatusCode::UNSUPPORTED_MEDIA_TYPE)?;
        let body = body.take()?.into_bytes_limit(staff.page.limit).await?;
        let body = stream::once(future::ready(Ok::<_, Infallible>(body)));
        let mut upload = Self { staff, texts: BTreeMap::new(), files: Vec::new() };
        upload.read(Multipart::new(body, boundary)).await.map_err(|_| StatusCode::BAD_REQUEST)?;
        upload.staff.prove(upload.text("csrf"))?;
        let files = upload.files.iter().map(|file| file.name.clone()).collect();
        upload.staff.note(Typed::new(upload.texts.clone(), files));
        Ok(upload)
    }
}

impl Upload {
    async fn read(&mut self, mut parts: Multipart<'_>) -> multer::Result<()> {
        while let Some(part) = parts.next_field().await? {
            let field = part.name().unwrap_or_default().to_owned();
            let name = part.file_name().map(plain);
            let media = part.content_type().map(ToString::to_string).unwrap_or_default();
            let Some(name) = name else {
                self.texts.insert(field, part.text().await?);
                continue;
            };
            let content = part.bytes().await?.to_vec();
            // A field in which nothing was chosen is sent along without a name.
            if !(name.is_empty() && content.is_empty()) {
                self.files.push(Chosen { field, name, media, content });
            }
        }
        Ok(())
    }
}

/// What `name` becomes for those who do not take every character: the end of it, where the kind
/// stands.
fn plain(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: Vec<char> = name.chars().map(|c| if legal(c) { c } else { '_' }).collect();
    let start = name.len().saturating_sub(LONGEST);
    let name: String = name.into_iter().skip(start).collect();
    if name.starts_with('.') { name.replacen('.', "_", 1) } else { name }
}

/// Longest name of a file.
const LONGEST: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_end_as_they_did() {
        assert_eq!(plain("Rechnung März 2026.pdf"), "Rechnung_M_rz_2026.pdf");
        assert_eq!(plain("../secret"), "_._secret");
        assert_eq!(plain(&format!("{}.png", "x".repeat(200))).len(), LONGEST);
        assert_eq!(plain(""), "");
    }
}
