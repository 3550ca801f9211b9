//! The blocklist, for support, finance and admins (`AC9.3.5`).

use ::payments::blocklist;
use entities::{BlockId, Timestamp, block};
use poem::Response;
use schemars::JsonSchema;
use sea_orm::ActiveEnum;
use serde::{Deserialize, Serialize};

use super::{
    Call,
    place::{cursor, limit},
    success, view,
};
use crate::Problem;

/// An entry to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BlockWish")]
pub(crate) struct Wish {
    /// `user`, `card`, `email_domain`, `address`.
    kind: String,
    /// A user's id, a payment that was paid with the card, what follows the @, or a range such as
    /// 203.0.113.0/24.
    value: String,
    /// Why, for the next person.
    reason: String,
    /// When it ends by itself, in seconds since 1970.
    #[serde(default)]
    expires_at: Option<i64>,
}

/// An entry of the blocklist.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BlockEntry")]
pub(crate) struct Entry {
    block_id: String,
    kind: String,
    /// Of a card, a keyed hash that only tells cards apart.
    value: String,
    reason: String,
    review_id: Option<String>,
    added_by: String,
    created_at: String,
    expires_at: Option<String>,
    removed_by: Option<String>,
    removed_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    #[serde(default)]
    all: Option<bool>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<u64>,
}

/// `GET /admin/blocklist`.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let place: Place = call.query()?;
    let after: Option<BlockId> = cursor(place.cursor.as_deref())?;
    let all = place.all.unwrap_or_default();
    let page = blocklist::page(&call.app.store, all, after, limit(place.limit)?).await?;
    Ok(success(&view::Page {
        items: page.entries.iter().map(Entry::new).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// `POST /admin/blocklist`.
pub(crate) async fn add(call: Call) -> Result<Response, Problem> {
    let wish: Wish = call.json()?;
    let (store, by) = (&call.app.store, &call.user()?.user_ref);
    let end = wish.expires_at.map(Timestamp::from_seconds);
    let kind = kind(&wish.kind)?;
    let row = blocklist::add(store, by, kind, &wish.value, &wish.reason, end).await?;
    let mut response = success(&Entry::new(&row));
    response.set_status(poem::http::StatusCode::CREATED);
    Ok(response)
}

/// `DELETE /admin/blocklist/{id}`.
pub(crate) async fn remove(call: Call) -> Result<Response, Problem> {
    let id: BlockId = call.id()?;
    let removed = blocklist::remove(&call.app.store, &call.user()?.user_ref, id).await?;
    Ok(success(&Entry::new(&removed.ok_or(Problem::NotFound)?)))
}

/// The kind of entry that `word` names.
pub(super) fn kind(word: &str) -> Result<block::Kind, Problem> {
    block::Kind::try_from_value(&word.to_owned()).map_err(|_| {
        Problem::Malformed("a kind is one of user, card, email_domain, address".to_owned())
    })
}

impl Entry {
    fn new(row: &block::Model) -> Self {
        Self {
            block_id: row.id.to_string(),
            kind: row.kind.as_str().to_owned(),
            value: row.value.clone(),
            reason: row.reason.clone(),
            review_id: row.review_id.map(|id| id.to_string()),
            added_by: row.added_by.clone(),
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.map(|at| at.to_string()),
            removed_by: row.removed_by.clone(),
            removed_at: row.removed_at.map(|at| at.to_string()),
        }
    }
}
