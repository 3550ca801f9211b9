use entities::Provider;
use poem::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, success};
use crate::{Confirmed, Problem, Target};

/// Which payment; exactly one of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ConfirmPayment")]
pub(crate) struct Which {
    /// The provider's id of it.
    #[serde(default)]
    payment_intent_id: Option<String>,
    /// Ours.
    #[serde(default)]
    transaction_id: Option<String>,
}

/// A payment that succeeded, as the requirement document answers it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Confirmation {
    transaction_id: String,
    credits_added: i64,
    /// Credits that are set aside until somebody has looked at the payment; left out if there are
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    credits_under_review: Option<i64>,
    new_balance: i64,
    receipt_url: Option<String>,
}

/// `POST /payments/confirm`: looks what became of a payment, and completes it (`002-EP2`).
pub(crate) async fn confirm(call: Call) -> Result<Response, Problem> {
    let target = target(call.json()?).map_err(Problem::Malformed)?;
    let confirmed = call.app.cashier.confirm(call.user()?, &target).await?;
    Ok(success(&Confirmation::from(confirmed)))
}

impl From<Confirmed> for Confirmation {
    fn from(confirmed: Confirmed) -> Self {
        Self {
            transaction_id: confirmed.payment_id.to_string(),
            credits_added: confirmed.credits_added,
            credits_under_review: (confirmed.credits_held > 0).then_some(confirmed.credits_held),
            new_balance: confirmed.balance,
            receipt_url: confirmed.receipt_url,
        }
    }
}

fn target(which: Which) -> Result<Target, String> {
    match (which.payment_intent_id, which.transaction_id) {
        (Some(reference), None) if !reference.is_empty() && reference.len() <= 255 => {
            Ok(Target::Reference(Provider::Stripe, reference))
        }
        (None, Some(id)) => {
            id.parse().map(Target::Payment).map_err(|error| format!("transactionId: {error}"))
        }
        _ => Err("send either paymentIntentId or transactionId".to_owned()),
    }
}
