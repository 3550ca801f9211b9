//! Controls for what PayPal, its pages and its payers do about money that goes back.

use std::sync::Arc;

use poem::{Response, http::StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::control::{answer, bad};
use crate::{
    Inner,
    paypal::{PaypalRefusal, PaypalWork},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundWish {
    order: String,
    /// As PayPal writes it; all that is left, if left out.
    #[serde(default)]
    amount: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settlement {
    refund: String,
    paid: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeWish {
    order: String,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    dispute: String,
    won: bool,
}

impl Inner {
    /// `POST /sandbox/control/paypal/refunds`: a refund as if made in PayPal's pages.
    pub(super) fn control_paypal_refund(self: &Arc<Self>, body: &[u8]) -> Response {
        self.paypal_control(body, |work, RefundWish { order, amount }| {
            let refund = work.refund_in_dashboard(&order, amount.as_deref())?;
            Ok(json!({ "refund": refund }))
        })
    }

    /// `POST /sandbox/control/paypal/refunds/settle`: a refund is paid, or fails.
    pub(super) fn control_paypal_refund_settle(self: &Arc<Self>, body: &[u8]) -> Response {
        self.paypal_control(body, |work, Settlement { refund, paid }| {
            work.settle_refund(&refund, paid)?;
            Ok(json!({ "refund": refund, "paid": paid }))
        })
    }

    /// `POST /sandbox/control/paypal/disputes`: the payer complains.
    pub(super) fn control_paypal_dispute(self: &Arc<Self>, body: &[u8]) -> Response {
        self.paypal_control(body, |work, DisputeWish { order, reason }| {
            let reason = reason.as_deref().unwrap_or("UNAUTHORISED");
            let dispute = work.open_dispute(&order, reason)?;
            Ok(json!({ "dispute": dispute }))
        })
    }

    /// `POST /sandbox/control/paypal/disputes/decide`: PayPal decides.
    pub(super) fn control_paypal_decide(self: &Arc<Self>, body: &[u8]) -> Response {
        self.paypal_control(body, |work, Decision { dispute, won }| {
            work.decide_dispute(&dispute, won)?;
            Ok(json!({ "dispute": dispute, "won": won }))
        })
    }

    fn paypal_control<T: DeserializeOwned>(
        self: &Arc<Self>,
        body: &[u8],
        act: impl FnOnce(&mut PaypalWork<'_>, T) -> Result<Value, PaypalRefusal>,
    ) -> Response {
        match serde_json::from_slice(body) {
            Ok(wish) => match self.paypal_work(|work| act(work, wish)) {
                Ok(made) => answer(StatusCode::OK, &made),
                Err(refusal) => bad(refusal.reason()),
            },
            Err(error) => bad(&error.to_string()),
        }
    }
}
