//! The refund desk, for support, finance and admins (`AC9.6.2`, `AC9.6.4`).

use ::payments::{
    core::refunds::Reviewer,
    refunds::{self, Decided, Filter},
};
use entities::{
    RefundRequestId, payment, refund,
    refund_request::{self, State},
};
use poem::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, place::Place, refunds::Refund, success, view};
use crate::Problem;

/// An approval.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RefundApproval")]
pub(crate) struct Approval {
    /// The version of the request that was looked at.
    version: i64,
    /// How much, in minor units; all that was computed, if left out.
    #[serde(default)]
    amount: Option<i64>,
}

/// A denial.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RefundDenial")]
pub(crate) struct Denial {
    /// The version of the request that was looked at.
    version: i64,
    /// Why, as the customer is told: 1 to 2000 characters.
    reason: String,
}

/// A request, with what a decision needs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundCase")]
pub(crate) struct Case {
    refund_request_id: String,
    transaction_id: String,
    customer_id: String,
    /// Who asked, by the host application's id.
    requested_by: String,
    status: String,
    /// Send it with a decision: it fails if somebody was faster.
    version: i64,
    reason: String,
    details: Option<String>,
    appeal: Option<String>,
    /// What the unused credits are worth, in minor units: the most that may be approved.
    amount: i64,
    currency: String,
    unused_credits: i64,
    granted_credits: i64,
    held_credits: i64,
    /// What was paid, in minor units.
    paid: i64,
    provider: String,
    /// The payment in the provider's dashboard.
    provider_url: Option<String>,
    /// Whoever approved first, where two people have to.
    first_approved_by: Option<String>,
    first_approved_amount: Option<i64>,
    denied_by: Option<String>,
    decided_by: Option<String>,
    decision: Option<String>,
    refund: Option<Refund>,
    created_at: String,
    decided_at: Option<String>,
    appealed_at: Option<String>,
}

/// `GET /admin/refund-requests`.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let place: Place = call.query()?;
    let filter = Filter { states: place.states()? };
    let after: Option<RefundRequestId> = place.after()?;
    let page = refunds::page(&call.app.store, &filter, after, place.limit()?).await?;
    let items = page.requests.iter().map(|found| Case::new(&call, found));
    Ok(success(&view::Page {
        items: items.collect::<Result<Vec<_>, _>>()?,
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// `GET /admin/refund-requests/{id}`.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let id: RefundRequestId = call.id()?;
    case(&call, id).await
}

/// `POST /admin/refund-requests/{id}/approve`.
pub(crate) async fn approve(call: Call) -> Result<Response, Problem> {
    let id: RefundRequestId = call.id()?;
    let approval: Approval = call.json()?;
    let reviewer = Reviewer { user_ref: &call.user()?.user_ref, version: approval.version };
    let (store, policy) = (&call.app.store, &call.app.options.refunds);
    let decided = refunds::approve(store, reviewer, id, approval.amount, policy).await?;
    announce(&call, decided)?;
    case(&call, id).await
}

/// `POST /admin/refund-requests/{id}/deny`.
pub(crate) async fn deny(call: Call) -> Result<Response, Problem> {
    let id: RefundRequestId = call.id()?;
    let denial: Denial = call.json()?;
    let reviewer = Reviewer { user_ref: &call.user()?.user_ref, version: denial.version };
    let decided = refunds::deny(&call.app.store, reviewer, id, &denial.reason).await?;
    announce(&call, decided)?;
    case(&call, id).await
}

fn announce(call: &Call, decided: Option<Decided>) -> Result<(), Problem> {
    call.app.cashier.announce(decided.ok_or(Problem::NotFound)?.enqueued);
    Ok(())
}

async fn case(call: &Call, id: RefundRequestId) -> Result<Response, Problem> {
    let found = refunds::find(&call.app.store, id).await?.ok_or(Problem::NotFound)?;
    Ok(success(&Case::new(call, &found)?))
}

impl Case {
    fn new(
        call: &Call,
        (request, payment, refund): &(refund_request::Model, payment::Model, Option<refund::Model>),
    ) -> Result<Self, Problem> {
        let words = refunds::words(&call.app.store, request)?;
        let reference = payment.provider_reference.as_deref();
        Ok(Self {
            refund_request_id: request.id.to_string(),
            transaction_id: request.payment_id.to_string(),
            customer_id: request.customer_id.to_string(),
            requested_by: request.requested_by.clone(),
            status: State::as_str(request.state).to_owned(),
            version: request.version,
            reason: words.reason,
            details: words.details,
            appeal: words.appeal,
            amount: request.amount,
            currency: request.currency.code().to_owned(),
            unused_credits: request.unused,
            granted_credits: request.granted,
            held_credits: request.held,
            paid: payment.amount,
            provider: payment.provider.as_str().to_owned(),
            provider_url: reference.and_then(|id| call.app.gateway_url(payment.provider, id)),
            first_approved_by: request.first_approved_by.clone(),
            first_approved_amount: request.first_approved_amount,
            denied_by: request.denied_by.clone(),
            decided_by: request.decided_by.clone(),
            decision: request.decision.clone(),
            refund: refund.as_ref().map(Refund::new),
            created_at: request.created_at.to_string(),
            decided_at: request.decided_at.map(|at| at.to_string()),
            appealed_at: request.appealed_at.map(|at| at.to_string()),
        })
    }
}
