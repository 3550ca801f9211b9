//! Controls for what Stripe's dashboard and banks do.

use std::sync::Arc;

use poem::{Response, http::StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::control::{answer, bad};
use crate::{Inner, api::error::ApiError, stripe::Origin};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundWish {
    payment_intent: String,
    #[serde(default)]
    amount: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeWish {
    payment_intent: String,
    #[serde(default)]
    reason: Option<String>,
    /// Whether the bank only asks.
    #[serde(default)]
    inquiry: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suspicion {
    payment_intent: String,
    #[serde(default)]
    fraud_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    dispute: String,
    won: bool,
}

impl Inner {
    /// `POST /sandbox/control/refunds`: a refund as if made in the dashboard.
    pub(super) fn control_refund(self: &Arc<Self>, body: &[u8]) -> Response {
        let wish: RefundWish = match serde_json::from_slice(body) {
            Ok(wish) => wish,
            Err(error) => return bad(&error.to_string()),
        };
        let id = &wish.payment_intent;
        told(self.work(Origin::default(), |work| work.refund_in_dashboard(id, wish.amount)))
    }

    /// `POST /sandbox/control/disputes`: the payer goes to the bank.
    pub(super) fn control_dispute(self: &Arc<Self>, body: &[u8]) -> Response {
        let wish: DisputeWish = match serde_json::from_slice(body) {
            Ok(wish) => wish,
            Err(error) => return bad(&error.to_string()),
        };
        let (id, reason) = (&wish.payment_intent, wish.reason.as_deref().unwrap_or("fraudulent"));
        told(self.work(Origin::default(), |work| work.open_dispute(id, reason, wish.inquiry)))
    }

    /// `POST /sandbox/control/warnings`: the payer's bank suspects fraud.
    pub(super) fn control_warning(self: &Arc<Self>, body: &[u8]) -> Response {
        let wish: Suspicion = match serde_json::from_slice(body) {
            Ok(wish) => wish,
            Err(error) => return bad(&error.to_string()),
        };
        let (id, why) = (&wish.payment_intent, wish.fraud_type.as_deref().unwrap_or("misc"));
        told(self.work(Origin::default(), |work| work.warn(id, why)))
    }

    /// `POST /sandbox/control/disputes/decide`: the bank decides.
    pub(super) fn control_decide(self: &Arc<Self>, body: &[u8]) -> Response {
        match serde_json::from_slice::<Decision>(body) {
            Ok(Decision { dispute, won }) => {
                told(self.work(Origin::default(), |work| work.decide_dispute(&dispute, won)))
            }
            Err(error) => bad(&error.to_string()),
        }
    }
}

fn told(made: Result<Value, ApiError>) -> Response {
    match made {
        Ok(made) => answer(StatusCode::OK, &made),
        Err(error) => bad(error.message()),
    }
}
