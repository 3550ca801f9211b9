//! Early fraud warnings: recorded and told, and refunded before the dispute if that is the policy.

use entities::{
    payment::Status,
    refund::{Origin, State},
};
use payments::ledger::Balance;
use serde_json::json;
use tests::{TestApp, USER};

const OPEN: &str = "reviews WHERE rule = 'early-fraud-warning' AND state = 'open'";
const TOLD: &str = "mails WHERE occasion LIKE 'alert:early-fraud-warning:%' AND state = 'sent'";
const BY_POLICY: &str = "audit_log WHERE actor = 'policy:early-fraud-warning'";

#[tokio::test]
async fn a_warning_is_recorded_and_told_and_moves_nothing_by_itself() {
    let app = TestApp::without_workers().await;
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    app.sandbox.warn(&reference, "made_with_stolen_card").unwrap();
    app.sandbox.warn(&reference, "made_with_stolen_card").unwrap();
    app.catch_up().await;
    assert_eq!((app.count(OPEN).await, app.count(TOLD).await), (1, 1));
    assert_eq!(app.count("refunds").await, 0);
    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    assert_eq!(app.balance(USER).await.available, 240);
    app.stop().await;
}

#[tokio::test]
async fn by_policy_all_that_is_left_goes_back_once_before_the_dispute() {
    let app = TestApp::with_config(|config| {
        config.file.refunds.refund_early_fraud_warnings = true;
    })
    .await;
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    app.sandbox.refund(&reference, Some(4_000)).unwrap();
    app.catch_up().await;
    app.sandbox.warn(&reference, "made_with_stolen_card").unwrap();
    app.sandbox.warn(&reference, "misc").unwrap();
    app.catch_up().await;

    assert_eq!((app.count(OPEN).await, app.count(TOLD).await), (1, 1));
    let refunds = app.refunds().await;
    let ours: Vec<_> = refunds.iter().filter(|row| row.origin == Origin::Desk).collect();
    assert_eq!(ours.len(), 1);
    assert_eq!((ours[0].state, ours[0].amount), (State::Succeeded, 12_000));
    assert_eq!(ours[0].request_id, None);
    assert_eq!(app.payment(payment).await.status, Status::Refunded);
    assert_eq!(app.balance(USER).await, Balance { available: 0, held: 0 });
    assert_eq!(app.in_account("clearing:stripe").await, 0);
    assert_eq!(app.count(BY_POLICY).await, 1);
    let asked = app.try_refund(USER, payment).await;
    assert_eq!((asked.status, &asked.body["code"]), (409, &json!("already_refunded")));
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn while_the_bank_decides_nothing_is_refunded_by_policy() {
    let app = TestApp::with_config(|config| {
        config.file.refunds.refund_early_fraud_warnings = true;
    })
    .await;
    let (_, reference) = app.buy(USER, "pm_card_visa").await;
    app.sandbox.dispute(&reference, "fraudulent").unwrap();
    app.catch_up().await;
    app.sandbox.warn(&reference, "misc").unwrap();
    app.catch_up().await;
    assert_eq!((app.count("refunds").await, app.count(OPEN).await), (0, 1));
    assert_eq!(app.count(BY_POLICY).await, 0);
    app.assert_ledger().await;
    app.stop().await;
}
