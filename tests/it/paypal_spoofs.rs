//! Webhooks that PayPal did not send, or that say what is not so (`000-SR3`, spoof classes 17 to 35).

use std::time::Duration;

use boot::Clock;
use entities::provider_event::State;
use sandbox::{Authority, Funding};
use serde_json::{Value, json};
use tests::{TestApp, USER, paypal::forge_same_crc};

const APPROVED: &str = "CHECKOUT.ORDER.APPROVED";
const COMPLETED: &str = "PAYMENT.CAPTURE.COMPLETED";

/// An app to which PayPal sends nothing by itself, and a genuine event about a payment of ours.
async fn silent(app: &TestApp) -> Vec<u8> {
    app.sandbox.paypal().set_webhook_target(String::new());
    let (_, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::Balance);
    app.paypal_event(APPROVED)
}

async fn assert_nothing_moved(app: &TestApp) {
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 0);
    let moved = "payments WHERE status = 'succeeded' AND customer_id IN (SELECT id FROM customers \
                 WHERE user_ref = 'ada')";
    assert_eq!(app.count(moved).await, 0);
}

// spoof classes 5, 6, 7
#[tokio::test]
async fn a_body_that_was_touched_is_refused() {
    let app = TestApp::without_workers().await;
    let body = silent(&app).await;
    let headers = app.sign_paypal(&body);
    let mut flipped = body.clone();
    flipped[20] ^= 1;
    let spaced = [&body[..], b"\n"].concat();
    let written: Value = serde_json::from_slice(&body).unwrap();
    let pretty = format!("{written:#}").into_bytes();
    for forged in [flipped, spaced, pretty, b"{}".to_vec(), Vec::new()] {
        assert_eq!(app.deliver_paypal(&headers, &forged).await, 401);
    }
    assert_eq!(app.count("provider_events").await, 0);
    assert_eq!(app.deliver_paypal(&headers, &body).await, 200);
    app.stop().await;
}

// spoof classes 23 and 24
#[tokio::test]
async fn another_webhook_another_algorithm_and_missing_headers_are_refused() {
    let app = TestApp::without_workers().await;
    let body = silent(&app).await;
    let other = app.sandbox.paypal().sign("8XX11111OTHER111X", &body);
    assert_eq!(app.deliver_paypal(&other, &body).await, 401);
    let simulator = app.sandbox.paypal().sign("WEBHOOK_ID", &body);
    assert_eq!(app.deliver_paypal(&simulator, &body).await, 401);

    let good = app.sign_paypal(&body);
    for missing in 0..5 {
        let mut headers = good.clone();
        let (name, _) = headers.remove(missing);
        assert_eq!(app.deliver_paypal(&headers, &body).await, 401, "{name}");
        let mut headers = good.clone();
        headers.push(good[missing].clone());
        assert_eq!(app.deliver_paypal(&headers, &body).await, 401, "two of {name}");
    }
    for weaker in ["SHA1withRSA", "none", "", "sha256withrsa", "HMACSHA256"] {
        let mut headers = good.clone();
        headers[4].1 = weaker.to_owned();
        assert_eq!(app.deliver_paypal(&headers, &body).await, 401, "{weaker}");
    }
    assert_nothing_moved(&app).await;
    app.stop().await;
}

// spoof classes 17 to 21
#[tokio::test]
async fn certificates_of_others_are_not_even_fetched() {
    let app = TestApp::without_workers().await;
    let body = silent(&app).await;
    let good = app.sign_paypal(&body);
    let own = good[3].1.clone();
    for hostile in [
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1".to_owned(),
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1".to_owned(),
        "http://169.254.169.254/v1/notifications/certs/CERT-1".to_owned(),
        "https://api.paypal.com/v1/notifications/certs/CERT-1".to_owned(),
        own.replace("127.0.0.1", "localhost"),
        own.replace("/certs/", "/certs/../certs/"),
        format!("{own}?x=1"),
        format!("{own}X"),
        "file:///etc/passwd".to_owned(),
    ] {
        let mut headers = good.clone();
        headers[3].1.clone_from(&hostile);
        assert_eq!(app.deliver_paypal(&headers, &body).await, 401, "{hostile}");
    }
    assert_nothing_moved(&app).await;
    app.stop().await;
}

// spoof class 21
#[tokio::test]
async fn a_signature_by_another_authority_is_refused() {
    let app = TestApp::without_workers().await;
    let body = silent(&app).await;
    let mut headers = app.sign_paypal(&body);
    let text = |index: usize| headers[index].1.clone();
    let (id, time) = (text(0), text(1));
    let webhook = tests::paypal::WEBHOOK_ID;
    let signed = format!("{id}|{time}|{webhook}|{}", crc32fast::hash(&body));
    assert_eq!(headers[2].1, app.sandbox_authority().sign_text(&signed), "this is what is signed");
    headers[2].1 = Authority::new().unwrap().sign_text(&signed);
    assert_eq!(app.deliver_paypal(&headers, &body).await, 401);
    assert_nothing_moved(&app).await;
    app.stop().await;
}

// spoof classes 10, 11, 34
#[tokio::test]
async fn a_replay_is_a_duplicate_and_an_old_one_is_refused() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    let body = silent(&app).await;
    let headers = app.sign_paypal(&body);
    for _ in 0..3 {
        assert_eq!(app.deliver_paypal(&headers, &body).await, 200);
        app.run_jobs().await;
    }
    assert_eq!(app.count("provider_events").await, 1);
    assert_eq!(app.balance(USER).await.available, 240);
    clock.advance(Duration::from_hours(5 * 24));
    assert_eq!(app.deliver_paypal(&headers, &body).await, 401);
    assert_eq!(app.balance(USER).await.available, 240);
    app.stop().await;
}

// spoof class 35: the signature covers a CRC32 of the body, which can be kept
#[tokio::test]
async fn a_forgery_with_the_same_checksum_passes_the_proof_and_moves_nothing() {
    let app = TestApp::without_workers().await;
    app.sandbox.paypal().set_webhook_target(String::new());
    // Mallory pays for an order of his own, once, and keeps the event that PayPal sent about it.
    let (_, his) = app.begin_paypal("mallory").await;
    app.approve(&his, Funding::Balance);
    assert_eq!(app.capture("mallory", &his).await.0, 200);
    let genuine = app.paypal_event(COMPLETED);
    let headers = app.sign_paypal(&genuine);
    // Ada's order waits for her.
    let (_, hers) = app.begin_paypal(USER).await;

    let forged = forge_same_crc(&genuine, &his, &hers);
    let id = serde_json::from_slice::<Value>(&genuine).unwrap()["id"].as_str().unwrap().to_owned();
    let forged = forge_same_crc(&forged, &id, "WH-FORGED00000000000-FORGED00000000000");
    let forged = forge_same_crc(&forged, "160.00", "200000.00");

    assert_eq!(app.deliver_paypal(&headers, &forged).await, 200);
    assert_nothing_moved(&app).await;
    assert_eq!(app.balance("mallory").await.available, 240);
    assert_eq!(app.count("ledger_transfers").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

// spoof class 25
#[tokio::test]
async fn a_genuine_order_for_less_is_not_collected_and_opens_a_review() {
    let app = TestApp::start().await;
    let payment = app.pending_paypal().await;
    let order = app.foreign_order("1.00", payment).await;

    app.approve(&order, Funding::Balance);

    app.until(async || app.count("reviews WHERE rule = 'amount-mismatch'").await == 1).await;
    app.until(async || app.count("provider_events WHERE state = 'dead'").await == 1).await;
    assert_eq!(app.count("ledger_transfers").await, 0);
    let at_paypal = app.call_paypal(&format!("v2/checkout/orders/{order}"), None).await;
    assert_eq!(at_paypal["status"], "APPROVED", "nobody collected it");
    app.stop().await;
}

// spoof classes 29, 30
#[tokio::test]
async fn an_order_that_claims_the_payment_of_another_is_reviewed_and_not_collected() {
    let app = TestApp::start().await;
    let (payment, _) = app.begin_paypal(USER).await;
    let order = app.foreign_order("160.00", payment).await;

    app.approve(&order, Funding::Balance);

    app.until(async || app.count("reviews WHERE rule = 'reference-mismatch'").await == 1).await;
    assert_eq!(app.balance(USER).await.available, 0);

    // A payment that is Stripe's cannot be completed by PayPal.
    let (stripe, _) = app.begin(USER, "pm_card_visa").await;
    let order = app.foreign_order("160.00", stripe).await;
    app.approve(&order, Funding::Balance);
    app.until(async || app.count("reviews WHERE rule = 'provider-mismatch'").await == 1).await;
    assert_eq!(app.count("ledger_transfers").await, 0);
    app.stop().await;
}

// spoof class 31
#[tokio::test]
async fn an_order_that_is_not_ours_is_dead_with_an_alert_and_not_collected() {
    let app = TestApp::start().await;
    let order = app.foreign_order("160.00", entities::PaymentId::new()).await;
    app.approve(&order, Funding::Balance);
    app.until(async || app.count("mails WHERE occasion LIKE 'alert:dead-event:%'").await == 1)
        .await;
    assert_eq!(app.events().await[0].state, State::Dead);
    let at_paypal = app.call_paypal(&format!("v2/checkout/orders/{order}"), None).await;
    assert_eq!(at_paypal["status"], "APPROVED");
    app.stop().await;
}

// accept set
#[tokio::test]
async fn unknown_kinds_and_odd_texts_are_taken() {
    let app = TestApp::without_workers().await;
    let body = json!({
        "id": "WH-1", "event_type": "BILLING.PLAN.CREATED", "create_time": "2026-01-01T00:00:00Z",
        "summary": "Zoë 株式会社 🦀", "resource": { "id": "P-1" },
    });
    let body = body.to_string().into_bytes();
    assert_eq!(app.deliver_paypal(&app.sign_paypal(&body), &body).await, 200);
    let unreadable = b"{\"id\": 5}".to_vec();
    assert_eq!(app.deliver_paypal(&app.sign_paypal(&unreadable), &unreadable).await, 400);
    app.run_jobs().await;
    assert_eq!(app.events().await[0].state, State::Ignored);
    app.stop().await;
}

#[tokio::test]
async fn paypal_itself_may_be_asked_about_each_webhook() {
    let app = TestApp::with_postback().await;
    let body = silent(&app).await;
    let other = app.sandbox.paypal().sign("8XX11111OTHER111X", &body);
    assert_eq!(app.deliver_paypal(&other, &body).await, 401);
    let headers = app.sign_paypal(&body);
    let mut touched = body.clone();
    touched[20] ^= 1;
    assert_eq!(app.deliver_paypal(&headers, &touched).await, 401);
    assert_eq!(app.deliver_paypal(&headers, &body).await, 200);
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240);

    // PayPal does not answer: nothing is known, so the sender has to come back.
    let down = sandbox::Faults { fail_api_percent: 100, ..sandbox::Faults::default() };
    app.sandbox.set_faults(down);
    assert_eq!(app.deliver_paypal(&headers, &body).await, 503);
    app.stop().await;
}
