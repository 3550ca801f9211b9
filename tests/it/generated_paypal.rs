//! Webhooks of PayPal's that are nearly what they should be: no answer is a failure of ours, and
//! nobody gets credits but for orders that were approved.

use std::collections::BTreeSet;

use rand::Rng;
use sandbox::Funding;
use serde_json::{Value, json};
use tests::{TestApp, USER};

use crate::{
    deliveries::{Delivery, Tally, assert_paid, believed},
    generate::Luck,
    siege::{Shot, besieged, outlast},
};

/// Webhooks.
const PAYPAL: usize = 512;

/// Webhooks before jobs run in between.
const ROUND: usize = 128;

/// Orders that they are about; every fourth was approved.
const ORDERS: usize = 8;

#[tokio::test]
async fn generated_webhooks_of_paypals_lead_to_no_credits_but_for_what_was_approved() {
    let (mut luck, (app, clock)) = (Luck::new(), besieged().await);
    app.sandbox.paypal().set_webhook_target(String::new());
    let (mut orders, mut approved) = (Vec::new(), BTreeSet::new());
    for n in 0..ORDERS {
        let (_, order) = app.begin_paypal(USER).await;
        if n % 4 == 0 {
            app.approve(&order, Funding::Balance);
            approved.insert(order.clone());
        }
        orders.push(order);
    }
    let mut tally = Tally::default();
    for round in 0..PAYPAL / ROUND {
        let deliveries: Vec<Delivery> =
            (0..ROUND).map(|n| paypal(&mut luck, &app, round * ROUND + n, &orders)).collect();
        believed(&app, &deliveries, &mut tally).await;
        app.run_jobs().await;
    }
    outlast(&app, &clock).await;
    let granted = assert_paid(&app, &approved).await;
    tally.assert(&[200, 400, 401]);
    assert!(granted > 0, "no hint led to what was approved");
    assert_eq!(app.count("jobs WHERE state <> 'done'").await, 0, "an event made a job fail");
    app.stop().await;
}

/// A webhook of PayPal's, or of somebody's who would like to be PayPal.
fn paypal(luck: &mut Luck, app: &TestApp, n: usize, orders: &[String]) -> Delivery {
    let n = if luck.percent(10) { n / 2 } else { n };
    let said = paypal_event(luck, n, orders);
    let body = luck.sent(said);
    let mut headers = app.sign_paypal(&body);
    let mut shot = Shot::post("/webhooks/paypal", body.clone());
    let mut signed = Some(body);
    match if luck.percent(70) { 5 } else { luck.0.random_range(0..5) } {
        0 => {
            // Not the address of the certificate: those that are made up are asked for a few times
            // a second, and beyond that nobody knows.
            let touched = luck.one(&[0, 1, 2, 4]);
            let value = luck.header(&headers[touched].1);
            let (name, _) = headers.remove(touched);
            shot.header(name, value);
        }
        1 => shot.body = luck.bytes(&shot.body),
        2 => {
            headers = app.sandbox.paypal().sign("8XX11111OTHER111X", &shot.body);
            signed = None;
        }
        3 => drop(headers.remove(luck.0.random_range(0..5))),
        4 => headers.push(luck.one(&headers)),
        _ => {}
    }
    for (name, value) in headers {
        shot.header(name, value);
    }
    Delivery { shot, signed }
}

fn paypal_event(luck: &mut Luck, n: usize, orders: &[String]) -> Value {
    let order = luck.one(orders);
    let kinds = [
        "CHECKOUT.ORDER.APPROVED",
        "CHECKOUT.ORDER.COMPLETED",
        "PAYMENT.CAPTURE.COMPLETED",
        "PAYMENT.CAPTURE.DENIED",
        "PAYMENT.CAPTURE.REFUNDED",
        "PAYMENT.REFUND.FAILED",
        "CUSTOMER.DISPUTE.CREATED",
        "CUSTOMER.DISPUTE.RESOLVED",
        "BILLING.PLAN.CREATED",
    ];
    let resource = json!({
        "id": if luck.percent(60) { order.as_str() } else { "42311647XV020574X" },
        "dispute_id": "PP-D-4012", "status": "COMPLETED", "amount": { "currency_code": "USD", "value": "160.00" },
        "supplementary_data": { "related_ids": { "order_id": order } },
    });
    json!({
        "id": format!("WH-{n}"), "event_version": "1.0", "create_time": "2026-02-14T21:50:07.940Z",
        "event_type": luck.one(&kinds), "summary": "Zoë", "resource": resource,
    })
}
