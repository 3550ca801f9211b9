//! Webhooks of Stripe's, signed and unsigned, that are nearly what they should be: no answer is a
//! failure of ours, and nobody gets credits that were not paid for.

use std::collections::BTreeSet;

use entities::PaymentId;
use rand::Rng;
use serde_json::{Value, json};
use tests::{
    SECRET, dispute_event, refund_event,
    stripe::{event, sign},
    wrapped,
};

use crate::{
    deliveries::{Delivery, Tally, assert_paid, believed},
    generate::Luck,
    siege::{Shot, besieged, outlast},
};

/// Webhooks.
const STRIPE: usize = 2_432;

/// Webhooks before jobs run in between.
const ROUND: usize = 128;

/// Payments that they are about.
const PAYMENTS: usize = 40;

/// Last digits of those of which too little is paid, every time: nothing hides a grant for that.
const SHORT: [char; 5] = ['1', '3', '5', '7', '9'];

#[tokio::test]
async fn generated_webhooks_are_never_our_failure_and_grant_only_what_was_paid() {
    let (mut luck, (app, clock)) = (Luck::new(), besieged().await);
    let mut ours = Vec::new();
    for n in 0..PAYMENTS {
        let payment = app.pending_payment(Some(&format!("pi_generated_{n}"))).await;
        ours.push((payment.id, format!("pi_generated_{n}")));
    }
    let now = app.store.clock.now().seconds();
    let (mut paid, mut tally) = (BTreeSet::new(), Tally::default());
    for round in 0..STRIPE / ROUND {
        let deliveries: Vec<Delivery> =
            (0..ROUND).map(|n| stripe(&mut luck, round * ROUND + n, now, &ours)).collect();
        for body in believed(&app, &deliveries, &mut tally).await {
            paid.extend(pays(&body));
        }
        app.run_jobs().await;
    }
    outlast(&app, &clock).await;
    let granted = assert_paid(&app, &paid).await;
    tally.assert(&[200, 400, 401, 404, 405]);
    assert!(granted > 2, "only {granted} of {PAYMENTS} payments were paid");
    assert_eq!(app.count("jobs WHERE state <> 'done'").await, 0, "an event made a job fail");
    for end in ["applied", "ignored", "dead"] {
        let ended = app.count(&format!("provider_events WHERE state = '{end}'")).await;
        assert!(ended > 20, "only {ended} events were {end}");
    }
    app.stop().await;
}

/// The payment that an event says was paid in full, read without our own code.
fn pays(body: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let object = &event["data"]["object"];
    let amounts: &[&str] = match (event["type"].as_str()?, object["object"].as_str()?) {
        ("payment_intent.succeeded", "payment_intent") => &["amount", "amount_received"],
        (kind, "checkout.session") if kind.starts_with("checkout.session.") => &["amount_total"],
        _ => return None,
    };
    let reference = if amounts.len() == 2 { &object["id"] } else { &object["payment_intent"] };
    let full = amounts.iter().all(|name| object[name] == 16_000)
        && object["currency"].as_str()?.eq_ignore_ascii_case("usd")
        && (object["status"] == "succeeded" || object["payment_status"] == "paid");
    let ours =
        event["account"].is_null() && event["livemode"] == false && object["livemode"] == false;
    (full && ours).then(|| reference.as_str().map(str::to_owned))?
}

/// A webhook of Stripe's, or of somebody's who would like to be Stripe.
fn stripe(luck: &mut Luck, n: usize, now: i64, ours: &[(PaymentId, String)]) -> Delivery {
    let (payment, reference) = luck.one(ours);
    let n = if luck.percent(10) { n / 2 } else { n };
    let mut said = stripe_event(luck, &format!("evt_generated_{n}"), &reference, payment);
    if reference.ends_with(SHORT) {
        shorten(luck, &mut said["data"]["object"]);
    }
    let body = luck.sent(said);
    let good = sign(SECRET, now, &body);
    let mut shot = Shot::post("/webhooks/stripe", body.clone());
    let mut signed = Some(body);
    match if luck.percent(70) { 9 } else { luck.0.random_range(0..9) } {
        0 => shot.header("stripe-signature", luck.header(&good)),
        1 => {
            shot.body = luck.bytes(&shot.body);
            shot.header("stripe-signature", good);
        }
        2 => {
            let other = sign("whsec_of_somebody_else_entirely", now, &shot.body);
            shot.header("stripe-signature", other);
            signed = None;
        }
        3 => (0..2).for_each(|_| shot.header("stripe-signature", good.clone())),
        4 => signed = None,
        5 => {
            shot.path = luck
                .one(&[
                    "/webhooks/paypal",
                    "/webhooks/square",
                    "/webhooks/%00",
                    "/webhooks/%ff",
                    "/webhooks",
                    "/webhooks/stripe/x",
                    "/webhooks//stripe",
                ])
                .to_owned();
            shot.header("stripe-signature", good);
        }
        6 => {
            let methods = ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "BREW"];
            shot.method = luck.one(&methods).to_owned();
            shot.header("stripe-signature", good);
        }
        7 => {
            shot.body = vec![b' '; 300_000];
            shot.header("stripe-signature", sign(SECRET, now, &shot.body));
        }
        8 => {
            let kinds = ["text/xml", "multipart/form-data", "\u{ff}", "", "application/json;;"];
            shot.header("content-type", luck.one(&kinds));
            shot.header("content-encoding", "gzip");
            shot.header("stripe-signature", good);
        }
        _ => shot.header("stripe-signature", good),
    }
    Delivery { shot, signed }
}

/// Has all that was paid be less than the price.
fn shorten(luck: &mut Luck, object: &mut Value) {
    let amount = luck.one(&[1, 1_600, 15_999]);
    for name in ["amount", "amount_received", "amount_total"] {
        if object[name].is_number() {
            object[name] = json!(amount);
        }
    }
}

/// An event about a payment, its money on the way back, or something that is no concern of ours.
fn stripe_event(luck: &mut Luck, id: &str, reference: &str, payment: PaymentId) -> Value {
    let payment = luck.percent(70).then_some(payment);
    let intents = [
        "payment_intent.succeeded",
        "payment_intent.succeeded",
        "payment_intent.succeeded",
        "payment_intent.created",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
    ];
    let amount = luck.one(&[16_000, 1, 8_000, 16_001, i64::MAX]);
    let refunds = ["refund.created", "refund.updated", "refund.failed"];
    let disputes = ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"];
    match luck.0.random_range(0..12) {
        0 => charge(id, reference),
        1 => session(luck, id, reference),
        2 => {
            let status = luck.one(&["pending", "succeeded", "failed", "canceled"]);
            let refund = format!("re_{}", luck.0.random_range(0..50));
            refund_event(id, luck.one(&refunds), (&refund, amount, status), reference)
        }
        3 => {
            let status =
                luck.one(&["needs_response", "under_review", "won", "lost", "warning_closed"]);
            let dispute = format!("dp_{}", luck.0.random_range(0..50));
            let kind = format!("charge.dispute.{}", luck.one(&disputes));
            dispute_event(id, &kind, (&dispute, amount, status), reference)
        }
        4 => others(luck, id, reference),
        _ => event(id, luck.one(&intents), reference, payment),
    }
}

fn charge(id: &str, reference: &str) -> Value {
    let card = json!({ "brand": "visa", "last4": "4242", "country": "DE", "fingerprint": "Xt5EWLLDS7FJjR1c" });
    wrapped(
        id,
        "charge.succeeded",
        &json!({
            "id": "ch_1", "object": "charge", "amount": 16_000, "currency": "usd", "livemode": false,
            "status": "succeeded", "payment_intent": reference, "metadata": {}, "created": 1_790_000_000,
            "receipt_url": "https://pay.stripe.com/receipts/1",
            "payment_method_details": { "type": "card", "card": card },
            "outcome": { "risk_level": "normal", "risk_score": 20 },
        }),
    )
}

fn session(luck: &mut Luck, id: &str, reference: &str) -> Value {
    let kinds = ["completed", "async_payment_succeeded", "async_payment_failed"];
    let status = luck.one(&["paid", "paid", "unpaid", "no_payment_required"]);
    wrapped(
        id,
        &format!("checkout.session.{}", luck.one(&kinds)),
        &json!({
            "id": "cs_1", "object": "checkout.session", "mode": "payment", "livemode": false,
            "payment_status": status, "amount_total": 16_000, "currency": "usd",
            "payment_intent": reference, "client_reference_id": null,
        }),
    )
}

fn others(luck: &mut Luck, id: &str, reference: &str) -> Value {
    let object = json!({
        "id": "x_1", "object": "radar.early_fraud_warning", "actionable": true, "livemode": false,
        "fraud_type": "misc", "payment_intent": reference, "customer": "cus_1",
    });
    let kinds = [
        "radar.early_fraud_warning.created",
        "charge.refunded",
        "payment_method.detached",
        "setup_intent.succeeded",
        "customer.updated",
        "v1.billing.meter.no_meter_found",
    ];
    wrapped(id, luck.one(&kinds), &object)
}
