//! Files: what a merchant sends along with evidence. Nothing of their content is kept.

use serde_json::{Value, json};

use super::Work;
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// Media types of evidence, and what Stripe calls them.
const TYPES: [(&str, &str); 3] =
    [("application/pdf", "pdf"), ("image/jpeg", "jpg"), ("image/png", "png")];

impl Work<'_> {
    /// `POST /v1/files`
    pub(crate) fn create_file(&mut self, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand", "file", "purpose"])?;
        let purpose = params.choice("purpose", &["dispute_evidence"])?;
        let purpose = purpose.ok_or_else(|| ApiError::missing("purpose"))?;
        let file = params.map("file")?.ok_or_else(|| ApiError::missing("file"))?;
        let media = file.filled("type")?.unwrap_or_default();
        let kind = TYPES.iter().find(|(known, _)| *known == media).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| {
            ApiError::invalid("The file type must be one of: pdf, jpg, png.").param("file")
        })?;
        let id = ids::random("file_1", 23);
        let view = json!({
            "id": id,
            "object": "file",
            "created": self.now,
            "expires_at": null,
            "filename": file.filled("filename")?,
            "purpose": purpose,
            "size": file.integer("size")?,
            "title": null,
            "type": kind,
            "url": format!("https://files.stripe.com/v1/files/{id}/contents"),
        });
        self.state.files.insert(id, view.clone());
        Ok(view)
    }

    /// `GET /v1/files/{id}`
    pub(crate) fn retrieve_file(&self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let file = self.state.files.get(id).cloned();
        file.ok_or_else(|| ApiError::not_found("file", id, "file"))
    }
}
