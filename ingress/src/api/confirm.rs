use entities::{PaymentId, Provider};
use poem::{Body, Response, handler, web::Data};
use serde::{Deserialize, Serialize};

use super::success;
use crate::{App, Confirmed, Problem, Target, auth::Caller, body};

/// Which payment; exactly one of the two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Which {
    #[serde(default)]
    payment_intent_id: Option<String>,
    #[serde(default)]
    transaction_id: Option<String>,
}

/// A payment that succeeded, as the requirement document answers it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Confirmation {
    transaction_id: PaymentId,
    credits_added: i64,
    new_balance: i64,
    receipt_url: Option<String>,
}

/// `POST /api/v1/payments/confirm`: looks what became of a payment, and completes it (`002-EP2`).
#[handler]
pub(crate) async fn confirm(
    Caller(user): Caller,
    Data(app): Data<&App>,
    body: Body,
) -> Result<Response, Problem> {
    let which: Which = body::json(body, app.options.body_timeout).await?;
    let target = target(which).map_err(Problem::Malformed)?;
    let confirmed = app.cashier.confirm(&user, &target).await?;
    Ok(success(&Confirmation::from(confirmed)))
}

impl From<Confirmed> for Confirmation {
    fn from(confirmed: Confirmed) -> Self {
        Self {
            transaction_id: confirmed.payment_id,
            credits_added: confirmed.credits_added,
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
