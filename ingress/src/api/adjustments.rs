//! Balances that are changed by hand: asked for by finance and admins, approved by admins.

use ::payments::{
    adjustments::{self, Asker, Wish},
    core::refunds::Reviewer,
};
use entities::{
    AdjustmentId,
    adjustment::{Model, State},
    customer,
};
use poem::{Response, http::StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Role, place::Place, success, view};
use crate::Problem;

/// A change of a balance.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "AdjustmentWish")]
pub(crate) struct Change {
    /// Whose balance, by your id of the user.
    user_id: String,
    /// How many credits: positive are given, negative are taken.
    credits: i64,
    /// Why: 1 to 500 characters. The user does not see it.
    reason: String,
    /// What you call it: 1 to 255 bytes. The same reference changes a balance once.
    reference: String,
}

/// A decision about a change.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "AdjustmentDecision")]
pub(crate) struct Decision {
    /// The version of the change that was looked at.
    version: i64,
}

/// A change of a balance, and what became of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Adjustment {
    #[serde(rename = "adjustmentId")]
    id: String,
    /// Whose balance, by your id of the user.
    user_id: String,
    /// Positive were given, negative were taken.
    credits: i64,
    /// Why; null once it was erased with the account.
    reason: Option<String>,
    reference: String,
    /// `waiting`, `applied`, `refused`.
    status: String,
    /// Send it with a decision: it fails if somebody was faster.
    version: i64,
    asked_by: String,
    decided_by: Option<String>,
    asked_at: String,
    decided_at: Option<String>,
}

/// `GET /admin/adjustments`.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let place: Place = call.query()?;
    let (states, after): (Vec<State>, Option<AdjustmentId>) = (place.states()?, place.after()?);
    let page = adjustments::page(&call.app.store, &states, after, place.limit()?).await?;
    let items = page.adjustments.iter().map(|(row, owner)| Adjustment::new(&call, row, owner));
    Ok(success(&view::Page {
        items: items.collect::<Result<Vec<_>, Problem>>()?,
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// `POST /admin/adjustments`.
pub(crate) async fn ask(call: Call) -> Result<Response, Problem> {
    let change: Change = call.json()?;
    let user = call.user()?;
    let is_admin = call.roles.iter().any(|role| role == Role::Admin.as_str());
    let asker = Asker { user_ref: &user.user_ref, is_admin };
    let wish = Wish {
        user_ref: &change.user_id,
        credits: change.credits,
        reason: &change.reason,
        reference: &change.reference,
    };
    let policy = &call.app.options.adjustments;
    let found = adjustments::ask(&call.app.store, asker, wish, policy).await?;
    let (row, enqueued) = found.ok_or(Problem::NotFound)?;
    call.app.cashier.announce(enqueued);
    let mut response = one(&call, row.id).await?;
    response.set_status(StatusCode::CREATED);
    Ok(response)
}

/// `POST /admin/adjustments/{id}/approve`.
pub(crate) async fn approve(call: Call) -> Result<Response, Problem> {
    decide(&call, true).await
}

/// `POST /admin/adjustments/{id}/refuse`.
pub(crate) async fn refuse(call: Call) -> Result<Response, Problem> {
    decide(&call, false).await
}

async fn decide(call: &Call, approves: bool) -> Result<Response, Problem> {
    let (id, decision): (AdjustmentId, Decision) = (call.id()?, call.json()?);
    let reviewer = Reviewer { user_ref: &call.user()?.user_ref, version: decision.version };
    let row = adjustments::decide(&call.app.store, reviewer, id, approves).await?;
    one(call, row.ok_or(Problem::NotFound)?.id).await
}

async fn one(call: &Call, id: AdjustmentId) -> Result<Response, Problem> {
    let found = adjustments::find(&call.app.store, id).await?;
    let (row, owner) = found.ok_or(Problem::NotFound)?;
    Ok(success(&Adjustment::new(call, &row, &owner)?))
}

impl Adjustment {
    fn new(call: &Call, row: &Model, owner: &customer::Model) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id.to_string(),
            user_id: owner.user_ref.clone(),
            credits: row.credits,
            reason: adjustments::reason(&call.app.store, row)?,
            reference: row.reference.clone(),
            status: row.state.as_str().to_owned(),
            version: row.version,
            asked_by: row.asked_by.clone(),
            decided_by: row.decided_by.clone(),
            asked_at: row.created_at.to_string(),
            decided_at: row.decided_at.map(|at| at.to_string()),
        })
    }
}
