use poem::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, success};
use crate::Problem;

/// What to take.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Spend")]
pub(crate) struct Wish {
    /// How many credits, at least 1.
    credits: i64,
    /// What they are for, in your words: 1 to 255 bytes. The same reference takes once.
    reference: String,
}

/// What was taken.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Spent")]
pub(crate) struct Taken {
    reference: String,
    credits_spent: i64,
    /// Whether this very call took them, and not an earlier one.
    first_time: bool,
    new_balance: i64,
}

/// `POST /credits/spend`.
pub(crate) async fn spend(call: Call) -> Result<Response, Problem> {
    let wish: Wish = call.json()?;
    let spent = call.app.cashier.spend(call.user()?, wish.credits, &wish.reference).await?;
    Ok(success(&Taken {
        reference: wish.reference,
        credits_spent: wish.credits,
        first_time: spent.first_time,
        new_balance: spent.balance,
    }))
}
