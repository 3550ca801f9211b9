//! Events as Stripe sends them, signed as Stripe signs them.

use boot::Clock;
use entities::PaymentId;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sha2::Sha256;

/// The `Stripe-Signature` header for `body`, signed at `seconds` with `secret`.
pub fn sign(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// Delivers `body` to the program at `base`, signed with `secret` this very second.
pub async fn deliver(
    http: &Client,
    base: &str,
    secret: &str,
    body: impl Into<Vec<u8>>,
) -> reqwest::Result<Response> {
    let body = body.into();
    let signature = sign(secret, Clock::System.now().seconds(), &body);
    let request = http.post(format!("{base}/webhooks/stripe"));
    request.header("stripe-signature", signature).body(body).send().await
}

/// An event of `kind` about payment object `reference`, that claims to be for `payment`.
pub fn event(event: &str, kind: &str, reference: &str, payment: Option<PaymentId>) -> Value {
    let status = match kind {
        "payment_intent.succeeded" => "succeeded",
        "payment_intent.processing" => "processing",
        "payment_intent.requires_action" => "requires_action",
        "payment_intent.canceled" => "canceled",
        _ => "requires_payment_method",
    };
    let received = if status == "succeeded" { 16_000 } else { 0 };
    let mut object = json!({
        "id": reference,
        "object": "payment_intent",
        "amount": 16_000,
        "amount_received": received,
        "currency": "usd",
        "livemode": false,
        "status": status,
        "created": 1_790_000_000,
        "metadata": {},
        "payment_method_types": ["card"],
        "latest_charge": null,
        "last_payment_error": null,
    });
    if let Some(payment) = payment {
        object["metadata"]["payment_id"] = json!(payment.to_string());
    }
    if kind == "payment_intent.payment_failed" {
        object["last_payment_error"] = json!({ "code": "card_declined", "decline_code": "generic_decline", "type": "card_error" });
    }
    json!({
        "id": event,
        "object": "event",
        "api_version": "2026-09-30.endive",
        "created": 1_790_000_000,
        "livemode": false,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": kind,
        "data": { "object": object },
    })
}
