use ::payments::{customers, ledger};
use entities::{TransferId, ledger_transfer::Kind};
use poem::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Call,
    place::{cursor, limit},
    success,
    view::Page,
};
use crate::Problem;

/// What somebody has.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Balance {
    /// What they may spend.
    balance: i64,
    /// What is set aside.
    held: i64,
}

/// Credits that came or went.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Movement {
    id: String,
    /// `grant`, `spend`, `adjustment` (given or taken by hand), …
    kind: String,
    /// Positive came, negative went.
    credits: i64,
    /// The payment, or the reference of the spend.
    reference: String,
    at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<u64>,
}

/// `GET /credits/balance`: what the caller may spend, and what is set aside.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let store = &call.app.store;
    let balance = match customers::find(store, &call.user()?.user_ref).await? {
        Some(customer) => ledger::balance(store, customer.id).await?,
        None => ledger::Balance::default(),
    };
    Ok(success(&Balance { balance: balance.available, held: balance.held }))
}

/// `GET /credits/history`: what came and went.
pub(crate) async fn history(call: Call) -> Result<Response, Problem> {
    let wish: Wish = call.query()?;
    let after: Option<TransferId> = cursor(wish.cursor.as_deref())?;
    let (store, limit) = (&call.app.store, limit(wish.limit)?);
    let page = match customers::find(store, &call.user()?.user_ref).await? {
        Some(customer) => ledger::movements(store, customer.id, after, limit).await?,
        None => ledger::Movements::default(),
    };
    let movement = |movement: ledger::Movement| Movement {
        id: movement.id.to_string(),
        kind: Kind::as_str(movement.kind).to_owned(),
        credits: movement.credits,
        reference: movement.reference,
        at: movement.at.to_string(),
    };
    Ok(success(&Page {
        items: page.movements.into_iter().map(movement).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}
