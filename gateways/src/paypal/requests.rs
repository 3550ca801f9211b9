//! What we ask of PayPal.

use entities::Timestamp;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::amount::Amount;
use crate::{
    DisputeAnswer, EvidenceFile, Funding, GatewayError, PaymentOrder, RefundOrder, ReturnTo,
    multipart::Multipart,
};

/// What a reference begins with that is a capture's rather than an order's.
pub(super) const CAPTURE_PREFIX: &str = "captures/";

/// What a reference begins with that is a refund's rather than an order's.
pub(super) const REFUND_PREFIX: &str = "refunds/";

/// The most events that fit a page.
const PAGE: u32 = 100;

/// Longest description that PayPal takes.
const MAX_DESCRIPTION: usize = 127;

/// A request to PayPal's API.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Below the base, with its query.
    pub(super) path: String,
    /// Media type and bytes, if it is a POST.
    pub(super) body: Option<(String, Vec<u8>)>,
}

impl Request {
    fn get(path: String) -> Self {
        Self { path, body: None }
    }

    /// `POST path` with `body`, which is JSON.
    pub(super) fn post(path: String, body: String) -> Self {
        Self { path, body: Some(("application/json".to_owned(), body.into_bytes())) }
    }
}

/// What a reference is about.
pub(super) enum Target<'a> {
    Order(&'a str),
    Capture(&'a str),
    Refund(&'a str),
}

impl<'a> Target<'a> {
    pub(super) fn of(reference: &'a str) -> Result<Self, GatewayError> {
        let (id, target) = if let Some(id) = reference.strip_prefix(CAPTURE_PREFIX) {
            (id, Self::Capture(id))
        } else if let Some(id) = reference.strip_prefix(REFUND_PREFIX) {
            (id, Self::Refund(id))
        } else {
            (reference, Self::Order(reference))
        };
        if is_id(id) { Ok(target) } else { Err(no_such_order()) }
    }
}

/// `POST /v2/checkout/orders`, and the id under which it is one order however often it is sent.
pub(super) fn create(order: &PaymentOrder) -> Result<(Request, String), GatewayError> {
    let amount = Amount::of(&order.price).ok_or_else(no_such_amount)?;
    let back = order.return_to.as_ref().ok_or_else(|| {
        GatewayError::refused(400, "return_url_missing", "PayPal sends payers away and back again")
    })?;
    let payment = order.payment_id.to_string();
    let description: String = order.description.chars().take(MAX_DESCRIPTION).collect();
    let body = json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "amount": amount,
            "custom_id": payment,
            // Unique per merchant, so that PayPal itself refuses to be paid twice for one purchase.
            "invoice_id": payment,
            "description": description,
        }],
        "payment_source": source(order.funding, back),
    });
    let request = Request::post("v2/checkout/orders".to_owned(), body.to_string());
    Ok((request, format!("order-{payment}")))
}

/// What is to be paid from. Credits are delivered by us, and the price is final when PayPal shows it.
fn source(funding: Funding, back: &ReturnTo) -> Value {
    match funding {
        Funding::Wallet => json!({ "paypal": { "experience_context": {
            "return_url": back.approved.as_str(),
            "cancel_url": back.canceled.as_str(),
            "shipping_preference": "NO_SHIPPING",
            "user_action": "PAY_NOW",
        }}}),
        // Venmo is a window over our page, so there is nowhere to come back to.
        Funding::Venmo => {
            json!({ "venmo": { "experience_context": { "shipping_preference": "NO_SHIPPING" } } })
        }
    }
}

/// `POST /v2/checkout/orders/{id}/capture`
pub(super) fn capture_order(id: &str) -> Result<Request, GatewayError> {
    if !is_id(id) {
        return Err(no_such_order());
    }
    Ok(Request::post(format!("v2/checkout/orders/{id}/capture"), "{}".to_owned()))
}

/// `GET /v2/checkout/orders/{id}`
pub(super) fn order(id: &str) -> Result<Request, GatewayError> {
    if !is_id(id) {
        return Err(no_such_order());
    }
    Ok(Request::get(format!("v2/checkout/orders/{id}")))
}

/// `GET /v2/payments/captures/{id}`, of an id that [`Target::of`] has checked.
pub(super) fn capture(id: &str) -> Request {
    Request::get(format!("v2/payments/captures/{id}"))
}

/// `GET /v2/payments/refunds/{id}`, of an id that [`Target::of`] or [`is_id`] has checked.
pub(super) fn refund(id: &str) -> Request {
    Request::get(format!("v2/payments/refunds/{id}"))
}

/// `POST /v2/payments/captures/{id}/refund`, of an id that [`is_id`] has checked.
pub(super) fn refund_capture(id: &str, order: &RefundOrder) -> Result<Request, GatewayError> {
    let amount = Amount::of(&order.amount).ok_or_else(no_such_amount)?;
    let refund = order.refund_id.to_string();
    let body = json!({
        "amount": amount,
        "custom_id": refund,
        // Unique per merchant, so that PayPal refuses a second one even when it has forgotten the
        // id of the request.
        "invoice_id": refund,
    });
    Ok(Request::post(format!("v2/payments/captures/{id}/refund"), body.to_string()))
}

/// `GET /v1/customer/disputes/{id}`
pub(super) fn dispute(id: &str) -> Result<Request, GatewayError> {
    check_dispute(id)?;
    Ok(Request::get(format!("v1/customer/disputes/{id}")))
}

/// `POST /v1/customer/disputes/{id}/accept-claim`
pub(super) fn accept_claim(id: &str, note: &str) -> Result<Request, GatewayError> {
    check_dispute(id)?;
    let body = json!({ "note": note, "accept_claim_type": "REFUND" });
    Ok(Request::post(format!("v1/customer/disputes/{id}/accept-claim"), body.to_string()))
}

/// `POST /v1/customer/disputes/{id}/provide-evidence`
pub(super) fn provide_evidence(
    answer: &DisputeAnswer,
    notes: &str,
    files: &[EvidenceFile],
) -> Result<Request, GatewayError> {
    check_dispute(&answer.reference)?;
    let input = json!({ "evidences": [{ "evidence_type": "OTHER", "notes": notes }] });
    let mut body = Multipart::new(&answer.key);
    body = body.text("input", Some("application/json"), &input.to_string());
    for file in files {
        body = body.file("evidence-file", &file.name, &file.media, &file.content);
    }
    let path = format!("v1/customer/disputes/{}/provide-evidence", answer.reference);
    Ok(Request { path, body: Some(body.finish()) })
}

/// `GET /v1/customer/disputes`: those of the capture `id`, which [`is_id`] has checked.
pub(super) fn disputes_of(id: &str) -> Request {
    Request::get(format!("v1/customer/disputes?disputed_transaction_id={id}&page_size=50"))
}

/// Whether `text` may be the id of a dispute: `PP-D-12345`, or a longer one of such parts.
pub(super) fn is_dispute(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=255).contains(&text.len()) && text.bytes().all(legal)
}

fn check_dispute(id: &str) -> Result<(), GatewayError> {
    if is_dispute(id) {
        Ok(())
    } else {
        Err(GatewayError::refused(404, "RESOURCE_NOT_FOUND", "no dispute has such an id"))
    }
}

/// `GET /v1/notifications/webhooks-events/{id}`
pub(super) fn event(id: &str) -> Result<Request, GatewayError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=64).contains(&id.len()) || !id.bytes().all(legal) {
        return Err(GatewayError::refused(404, "RESOURCE_NOT_FOUND", "no event has such an id"));
    }
    Ok(Request::get(format!("v1/notifications/webhooks-events/{id}")))
}

/// `GET /v1/notifications/webhooks-events`; `after` is the query of the next page.
pub(super) fn events(since: Timestamp, after: Option<&str>) -> Request {
    let query = after.map_or_else(|| first_page(since), str::to_owned);
    Request::get(format!("v1/notifications/webhooks-events?{query}"))
}

fn first_page(since: Timestamp) -> String {
    // Whole seconds: PayPal's examples have no fractions here.
    let since = Timestamp::from_seconds(since.seconds()).datetime();
    let since = since.format(&Rfc3339).unwrap_or_default();
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("start_time", &since)
        .append_pair("page_size", &PAGE.to_string())
        .finish()
}

/// Whether `text` may be an id of PayPal's. It becomes part of a path, so nothing may be in it that
/// leads elsewhere.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn no_such_amount() -> GatewayError {
    GatewayError::refused(400, "amount_invalid", "the amount has no form at PayPal")
}

fn no_such_order() -> GatewayError {
    GatewayError::refused(404, "RESOURCE_NOT_FOUND", "no order has such an id")
}
