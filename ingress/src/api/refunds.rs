//! Refunds, as the customer sees them.

use ::payments::{
    core::refunds::{Offer, RefundPolicy},
    refunds::{self, Wish},
};
use entities::{PaymentId, RefundRequestId, payment, refund, refund_request};
use poem::{Response, http::StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Call,
    place::{cursor, limit},
    success, view,
};
use crate::Problem;

/// How long money takes from approval to the customer's statement.
pub(super) const PROCESSING: &str = "5-10 business days";

/// What a customer asks for.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RefundWish")]
pub(crate) struct Ask {
    /// The payment.
    transaction_id: String,
    /// Why: 1 to 200 characters.
    reason: String,
    /// More of it: at most 2000 characters.
    #[serde(default)]
    details: Option<String>,
}

/// A request that was taken.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundAsked")]
pub(crate) struct Asked {
    refund_request_id: String,
    /// `pending_review`.
    status: String,
    /// How long the money takes once it is approved.
    estimated_processing: String,
}

/// Why a customer disagrees with a denial.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RefundAppeal")]
pub(crate) struct Appeal {
    /// 1 to 2000 characters.
    reason: String,
}

/// The rules, to be shown before a refund is asked for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundPolicy")]
pub(crate) struct Policy {
    /// For how many days after the payment a refund may be asked for.
    days: u32,
    /// For how many days after a denial a second look may be asked for.
    appeal_days: u32,
    /// Whether a person has to approve; always so.
    needs_approval: bool,
    estimated_processing: String,
    /// The same in sentences for the customer.
    text: Vec<String>,
}

/// What would be paid back now.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundOffer")]
pub(crate) struct Offered {
    transaction_id: String,
    /// In minor units.
    amount: i64,
    currency: String,
    unused_credits: i64,
    granted_credits: i64,
    /// How the amount comes about, in a sentence.
    reasoning: String,
    /// Until when it may be asked for.
    until: String,
    policy: Policy,
}

/// A request.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundRequest")]
pub(crate) struct Request {
    refund_request_id: String,
    transaction_id: String,
    /// `pending_review`, `approved`, `refunded`, `failed`, `denied`, `appealed`, `rejected`.
    status: String,
    /// What was asked for, in minor units.
    amount: i64,
    currency: String,
    /// What goes back, once it is approved.
    refund: Option<Refund>,
    /// Credits that are set aside for it now.
    held_credits: i64,
    /// Why it was denied.
    decision: Option<String>,
    created_at: String,
    decided_at: Option<String>,
}

/// Money on its way back.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refund {
    #[serde(rename = "refundId")]
    id: String,
    /// `reserved`, `submitting`, `unknown`, `pending`, `succeeded`, `canceled`, `failed`.
    pub(super) status: String,
    /// In minor units.
    amount: i64,
    pub(super) failure: Option<String>,
    succeeded_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<u64>,
}

/// `POST /payments/refund` (`002-EP4`, `AC9.5.2`).
pub(crate) async fn ask(call: Call) -> Result<Response, Problem> {
    let ask: Ask = call.json()?;
    let payment_id: PaymentId = ask.transaction_id.parse().map_err(|_| Problem::NotFound)?;
    let wish = Wish { payment_id, reason: &ask.reason, details: ask.details.as_deref() };
    let (store, policy) = (&call.app.store, &call.app.options.refunds);
    let asked = refunds::ask(store, &call.user()?.user_ref, wish, policy).await?;
    let (request, enqueued) = asked.ok_or(Problem::NotFound)?;
    call.app.cashier.announce(enqueued);
    let mut response = success(&Asked {
        refund_request_id: request.id.to_string(),
        status: request.state.as_str().to_owned(),
        estimated_processing: PROCESSING.to_owned(),
    });
    response.set_status(StatusCode::ACCEPTED);
    Ok(response)
}

/// `GET /refund-policy` (`AC9.5.1`).
pub(crate) fn policy(call: &Call) -> Response {
    success(&Policy::new(&call.app.options.refunds))
}

/// `GET /payments/{id}/refund-offer`: the amount, and how it comes about (`AC9.5.5`).
pub(crate) async fn offer(call: Call) -> Result<Response, Problem> {
    let id: PaymentId = call.id()?;
    let policy = &call.app.options.refunds;
    let offer = refunds::quote(&call.app.store, &call.user()?.user_ref, id, policy).await?;
    Ok(success(&Offered::new(id, &offer.ok_or(Problem::NotFound)?, policy)))
}

/// `GET /refund-requests`: the caller's requests.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let place: Place = call.query()?;
    let after: Option<RefundRequestId> = cursor(place.cursor.as_deref())?;
    let limit = limit(place.limit)?;
    let page = refunds::page_own(&call.app.store, &call.user()?.user_ref, after, limit).await?;
    Ok(success(&view::Page {
        items: page.requests.iter().map(Request::new).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// `GET /refund-requests/{id}`: one of them.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let found = refunds::find_own(&call.app.store, &call.user()?.user_ref, id).await?;
    Ok(success(&Request::new(&found.ok_or(Problem::NotFound)?)))
}

/// `POST /refund-requests/{id}/appeal`: a second look at a denial (`AC9.5.4`).
pub(crate) async fn appeal(call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let appeal: Appeal = call.json()?;
    let (store, policy) = (&call.app.store, &call.app.options.refunds);
    let user_ref = &call.user()?.user_ref;
    let appealed = refunds::appeal(store, user_ref, id, &appeal.reason, policy).await?;
    call.app.cashier.announce(appealed.ok_or(Problem::NotFound)?.1);
    let found = refunds::find_own(store, user_ref, id).await?;
    let mut response = success(&Request::new(&found.ok_or(Problem::NotFound)?));
    response.set_status(StatusCode::ACCEPTED);
    Ok(response)
}

impl Policy {
    fn new(policy: &RefundPolicy) -> Self {
        let RefundPolicy { days, appeal_days, .. } = policy;
        Self {
            days: *days,
            appeal_days: *appeal_days,
            needs_approval: true,
            estimated_processing: PROCESSING.to_owned(),
            text: vec![
                format!("You can ask for a refund within {days} days of a payment."),
                "What you get back is what your unused credits are worth; they are set aside while \
                 a person looks at your request."
                    .to_owned(),
                format!("Approved money goes to the method you paid with, within {PROCESSING}."),
                format!(
                    "If we say no, we say why, and you can ask for a second look within \
                     {appeal_days} days."
                ),
            ],
        }
    }
}

impl Offered {
    fn new(id: PaymentId, offer: &Offer, policy: &RefundPolicy) -> Self {
        Self {
            transaction_id: id.to_string(),
            amount: offer.amount.minor,
            currency: offer.amount.currency.code().to_owned(),
            unused_credits: offer.unused,
            granted_credits: offer.granted,
            reasoning: offer.reasoning(),
            until: offer.until.to_string(),
            policy: Policy::new(policy),
        }
    }
}

impl Request {
    fn new(
        (request, _, refund): &(refund_request::Model, payment::Model, Option<refund::Model>),
    ) -> Self {
        Self {
            refund_request_id: request.id.to_string(),
            transaction_id: request.payment_id.to_string(),
            status: request.state.as_str().to_owned(),
            amount: request.amount,
            currency: request.currency.code().to_owned(),
            refund: refund.as_ref().map(Refund::new),
            held_credits: request.held,
            decision: request.decision.clone(),
            created_at: request.created_at.to_string(),
            decided_at: request.decided_at.map(|at| at.to_string()),
        }
    }
}

impl Refund {
    pub(super) fn new(refund: &refund::Model) -> Self {
        Self {
            id: refund.id.to_string(),
            status: refund.state.as_str().to_owned(),
            amount: refund.amount,
            failure: refund.failure.clone(),
            succeeded_at: refund.succeeded_at.map(|at| at.to_string()),
        }
    }
}
