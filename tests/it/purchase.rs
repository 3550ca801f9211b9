//! From the wish to buy to the credits (`000-FR1`, `001-FR1`, `002-WF1`, `002-EP1`, `002-EP2`).

use std::time::Duration;

use entities::payment::Status;
use serde_json::json;
use tests::{TestApp, USER};

// 002-WE1, AC9.1.3, AC9.4.1
#[tokio::test]
async fn a_payment_in_the_sandbox_becomes_credits_by_a_signed_webhook() {
    let app = TestApp::start().await;
    let (payment, reference) = app.begin(USER, "pm_card_visa").await;

    assert_eq!(app.confirm_at_stripe(&reference).await, 200);

    app.await_balance(USER, 240).await;
    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    app.until(async || app.count("mails WHERE state = 'sent'").await == 1).await;
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.4.1, I6
#[tokio::test]
async fn a_receipt_that_could_not_be_noted_at_once_is_not_mailed_again() {
    let app = TestApp::start().await;
    let (_, reference) = app.begin(USER, "pm_card_visa").await;
    app.execute("ALTER TABLE mails RENAME COLUMN sent_at TO away").await;
    assert_eq!(app.confirm_at_stripe(&reference).await, 200);
    app.until(async || app.mails().len() == 1).await;
    // Meanwhile the first tries to note it have failed.
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(app.count("mails WHERE state = 'sent'").await, 0);
    let mailed = app.last_mailed();
    app.execute("ALTER TABLE mails RENAME COLUMN away TO sent_at").await;

    app.until(async || app.count("mails WHERE state = 'sent'").await == 1).await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    assert_eq!(app.last_mailed(), mailed, "it was mailed again");
    app.stop().await;
}

// 002-EP2, 001-FR4
#[tokio::test]
async fn confirm_answers_with_the_credits_and_the_balance() {
    let app = TestApp::start().await;
    let (payment, reference) = app.begin(USER, "pm_card_visa").await;

    let (status, body) = app.confirm(USER, &reference).await;

    assert_eq!(status, 200, "{body}");
    assert_eq!(body["success"], json!(true));
    assert_eq!(body["data"]["transactionId"], json!(payment.to_string()));
    assert_eq!(body["data"]["creditsAdded"], json!(240));
    assert_eq!(body["data"]["newBalance"], json!(240));
    assert!(body["data"]["receiptUrl"].as_str().unwrap().starts_with("http"));
    // The webhook says the same, and changes nothing.
    app.sandbox.settle().await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    assert_eq!(app.balance(USER).await.available, 240);
    assert_eq!(app.count("ledger_transfers").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

// 002-WE2, 002-ER1, AC9.1.4
#[tokio::test]
async fn a_declined_card_is_a_problem_with_a_sentence_for_the_payer() {
    let app = TestApp::start().await;
    let (payment, reference) = app.begin(USER, "pm_card_visa_chargeDeclined").await;

    let (status, body) = app.confirm(USER, &reference).await;

    assert_eq!(status, 402, "{body}");
    assert_eq!(body["success"], json!(false));
    assert_eq!(body["code"], json!("payment_failed"));
    assert_eq!(body["declineCode"], json!("generic_decline"));
    assert_eq!(app.payment(payment).await.status, Status::Failed);
    assert_eq!(app.balance(USER).await.available, 0);
    app.stop().await;
}

// 002-SF2
#[tokio::test]
async fn a_card_that_wants_3d_secure_is_not_yet_paid() {
    let app = TestApp::start().await;
    let (payment, reference) = app.begin(USER, "pm_card_threeDSecure2Required").await;

    let (status, body) = app.confirm(USER, &reference).await;

    assert_eq!((status, &body["code"]), (409, &json!("requires_action")), "{body}");
    assert_eq!(app.payment(payment).await.status, Status::RequiresAction);
    assert_eq!(app.balance(USER).await.available, 0);
    app.stop().await;
}

// 001-C6, I4 of the threat model
#[tokio::test]
async fn a_payment_of_somebody_else_does_not_exist() {
    let app = TestApp::start().await;
    let (payment, reference) = app.begin(USER, "pm_card_visa").await;

    assert_eq!(app.confirm("mallory", &reference).await.0, 404);
    let by_id = json!({ "transactionId": payment.to_string() });
    assert_eq!(app.post("mallory", "/api/v1/payments/confirm", &by_id).await.0, 404);

    assert_eq!(app.payment(payment).await.status, Status::Pending);
    app.stop().await;
}

#[tokio::test]
async fn bad_input_gets_a_clear_error() {
    let app = TestApp::without_workers().await;
    let intent = "/api/v1/payments/stripe/intent";
    for (body, status, code) in [
        (json!({ "packageId": "gold" }), 404, "unknown_package"),
        (json!({}), 400, "malformed"),
        (json!({ "packageId": "pro-200", "amount": 1 }), 400, "malformed"),
        (
            json!({ "packageId": "pro-200", "paymentMethodId": "4242424242424242" }),
            400,
            "card_number_refused",
        ),
        (json!([]), 400, "malformed"),
    ] {
        let (got, problem) = app.post(USER, intent, &body).await;
        assert_eq!((got, problem["code"].as_str().unwrap()), (status, code), "{body}");
        assert_eq!(problem["success"], json!(false));
    }
    for token in ["", "x", "a.b.c"] {
        let request = app.http.get(app.url("/api/v1/credits/balance")).bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 401);
    }
    assert_eq!(app.count("payments").await, 0);
    app.stop().await;
}
