//! What the provider's side does wrong: webhooks lost, doubled, late, out of order, forged; answers
//! that never come (`AC9.6.7`, `001-SR4`).

use std::time::Duration;

use entities::{Provider, payment::Status};
use jobs::{Job, Reconcile};
use sandbox::Faults;
use tests::{TestApp, USER};

const PAYMENTS: usize = 12;

/// Pays `PAYMENTS` times while `faults` are in force; the payer's browser confirms at Stripe.
async fn pay_with(app: &TestApp, faults: Faults) -> Vec<entities::PaymentId> {
    app.sandbox.set_faults(faults);
    let mut payments = Vec::new();
    for _ in 0..PAYMENTS {
        let (payment, reference) = app.begin(USER, "pm_card_visa").await;
        assert_eq!(app.confirm_at_stripe(&reference).await, 200);
        payments.push(payment);
    }
    app.sandbox.settle().await;
    payments
}

async fn assert_paid(app: &TestApp, payments: &[entities::PaymentId]) {
    for payment in payments {
        assert_eq!(app.payment(*payment).await.status, Status::Succeeded);
    }
    let credits = i64::try_from(payments.len()).unwrap() * 240;
    assert_eq!(app.balance(USER).await.available, credits);
    app.assert_ledger().await;
}

async fn reconcile(app: &TestApp, tick: &str) {
    let provider = Provider::Stripe;
    let job = Reconcile { provider, window_seconds: 3_600, tick: tick.to_owned() };
    let txn = app.store.db.begin().await.unwrap();
    job.enqueue(&txn, app.store.clock.now()).await.unwrap();
    txn.commit().await.unwrap();
    app.run_jobs().await;
}

#[tokio::test]
async fn webhooks_that_never_came_are_fetched_once() {
    let app = TestApp::without_workers().await;
    let payments = pay_with(&app, Faults { drop_percent: 100, ..Faults::default() }).await;
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 0);
    assert_eq!(app.count("provider_events").await, 0);

    reconcile(&app, "first").await;

    assert_paid(&app, &payments).await;
    let fetched = app.count("provider_events").await;
    assert_eq!(app.count("provider_events WHERE source = 'poll'").await, fetched);
    reconcile(&app, "second").await;
    assert_eq!(app.count("provider_events").await, fetched, "a second run finds nothing new");
    assert_paid(&app, &payments).await;
    app.stop().await;
}

#[tokio::test]
async fn webhooks_doubled_late_out_of_order_and_forged_grant_once() {
    let app = TestApp::start().await;
    let faults = Faults {
        double_percent: 50,
        forge_percent: 50,
        delay_ms: 80,
        reorder: true,
        seed: 7,
        ..Faults::default()
    };
    let payments = pay_with(&app, faults).await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    assert_paid(&app, &payments).await;
    assert_eq!(app.count("mails WHERE state = 'sent'").await, i64::try_from(PAYMENTS).unwrap());
    app.stop().await;
}

// 001-FR6: an answer that is lost is asked for again under the same key
#[tokio::test]
async fn answers_that_are_lost_make_no_second_payment_object() {
    let app = TestApp::without_workers().await;
    let faults = Faults { lose_response_percent: 30, seed: 3, ..Faults::default() };
    app.sandbox.set_faults(faults);
    let wish = serde_json::json!({ "packageId": "pro-200", "paymentMethodId": "pm_card_visa" });
    for _ in 0..4 {
        let (status, body) = app.post(USER, "/api/v1/payments/stripe/intent", &wish).await;
        assert_eq!(status, 200, "{body}");
    }
    app.sandbox.set_faults(Faults::default());

    app.sandbox.settle().await;
    app.run_jobs().await;
    assert_eq!(app.count("payments").await, 4);
    assert_eq!(app.count("payments WHERE provider_reference IS NOT NULL").await, 4);
    let created = "provider_events WHERE kind = 'payment_intent.created'";
    assert_eq!(app.count(created).await, 4);
    app.stop().await;
}

// 503 and the API's own limits: a provider that stalls does not hold the payer for long
#[tokio::test]
async fn a_provider_that_fails_every_call_is_told_to_the_payer() {
    let app = TestApp::without_workers().await;
    app.sandbox.set_faults(Faults { fail_api_percent: 100, ..Faults::default() });
    let wish = serde_json::json!({ "packageId": "pro-200", "paymentMethodId": "pm_card_visa" });
    let asked = app.post(USER, "/api/v1/payments/stripe/intent", &wish);
    let (status, body) = tokio::time::timeout(Duration::from_secs(15), asked).await.unwrap();
    assert!((502..=504).contains(&status), "{status} {body}");
    assert_eq!(body["code"], "provider_unavailable", "{body}");
    app.stop().await;
}
