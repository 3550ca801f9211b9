//! Events as Stripe sends them: indented JSON of some 2,900 bytes, signed.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// What every webhook here is signed with.
pub(crate) const SECRET: &str = "whsec_q7Zx2Lr9Vb4Nn6Kk8Jj1Hh3Gg5Ff0Dd";

/// The request that delivers the success of payment `number`, signed at `seconds`.
///
/// `run` keeps the events of one measurement apart from those of another.
pub(crate) fn request(run: &str, number: usize, seconds: i64) -> Vec<u8> {
    let body = body(run, number);
    let mut mac =
        Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let length = body.len();
    format!(
        "POST /webhooks/stripe HTTP/1.1\r\nhost: pay.example.com\r\nuser-agent: Stripe/1.0 \
         (+https://stripe.com/docs/webhooks)\r\naccept: */*; q=0.5, application/xml\r\n\
         cache-control: no-cache\r\ncontent-type: application/json; charset=utf-8\r\n\
         stripe-signature: t={seconds},v1={signature}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Stripe's id of payment `number`.
pub(crate) fn reference(run: &str, number: usize) -> String {
    format!("pi_3{run}{number:016}")
}

fn body(run: &str, number: usize) -> String {
    let reference = reference(run, number);
    let event = json!({
        "id": format!("evt_3{run}{number:016}"),
        "object": "event",
        "api_version": "2026-09-30.endive",
        "created": 1_790_000_000,
        "data": { "object": intent(&reference, number) },
        "livemode": false,
        "pending_webhooks": 1,
        "request": {
            "id": format!("req_{number:014}"),
            "idempotency_key": format!("5f3a1c52-7d0e-4a86-9a3c-{number:012}"),
        },
        "type": "payment_intent.succeeded",
    });
    serde_json::to_string_pretty(&event).expect("it is JSON already")
}

/// As Stripe's documentation shows it, with every field that an intent has.
fn intent(reference: &str, number: usize) -> serde_json::Value {
    json!({
        "id": reference,
        "object": "payment_intent",
        "amount": 16_000,
        "amount_capturable": 0,
        "amount_details": { "tip": {} },
        "amount_received": 16_000,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": { "allow_redirects": "always", "enabled": true },
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic_async",
        "client_secret": format!("{reference}_secret_{number:024}"),
        "confirmation_method": "automatic",
        "created": 1_790_000_000,
        "currency": "usd",
        "customer": format!("cus_{number:014}"),
        "description": "Pro 200",
        "last_payment_error": null,
        "latest_charge": format!("ch_3{number:022}"),
        "livemode": false,
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": format!("pm_1{number:022}"),
        "payment_method_configuration_details": {
            "id": "pmc_1PfQ2sLkdIwHu7ixBvXcTqOe", "parent": null,
        },
        "payment_method_options": {
            "card": {
                "installments": null,
                "mandate_options": null,
                "network": null,
                "request_three_d_secure": "automatic",
            },
            "link": { "persistent_token": null },
        },
        "payment_method_types": ["card", "link"],
        "processing": null,
        "receipt_email": format!("user-{number}@example.com"),
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": "succeeded",
        "transfer_data": null,
        "transfer_group": null,
    })
}
