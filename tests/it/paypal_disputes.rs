//! Disputes with PayPal: looked up, credits set aside, given back or taken, money booked once
//! (`AC9.2.5`, `AC9.6.2`, `002-WE4`).

use payments::ledger::{self, Balance};
use sandbox::Funding;
use serde_json::json;
use tests::{TestApp, USER};

const fn balance(available: i64, held: i64) -> Balance {
    Balance { available, held }
}

const CLEARING: &str = "clearing:paypal";

// AC9.2.5, AC9.6.2, 002-WE4
#[tokio::test]
async fn a_dispute_sets_credits_aside_stops_refunds_tells_the_admin_and_is_won() {
    let app = TestApp::without_workers().await;
    let (payment, order) = app.buy_paypal(USER, Funding::Balance).await;
    let customer = app.payment(payment).await.customer_id;
    ledger::spend(&app.store, customer, 40, "render").await.unwrap();
    let paypal = app.sandbox.paypal();
    let dispute = paypal.dispute(&order, "MERCHANDISE_OR_SERVICE_NOT_RECEIVED").unwrap();
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, balance(0, 200));
    let asked = app.try_refund(USER, payment).await;
    assert_eq!((asked.status, &asked.body["code"]), (409, &json!("payment_disputed")));
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dispute-opened:%'").await, 1);
    let path = "/api/v1/admin/disputes?status=needs_response";
    let listed = app.ask(Some(&app.staff("sue", "support")), "GET", path, None).await;
    let row = &listed.body["data"]["items"][0];
    assert_eq!(row["reason"], json!("merchandise_or_service_not_received"));
    assert_eq!(row["amount"], json!(16_000));
    assert!(row["evidenceDue"].is_string());
    let url = format!("https://www.sandbox.paypal.com/resolutioncenter/view/{dispute}/inquiry");
    assert_eq!(row["providerUrl"], json!(url));
    app.assert_ledger().await;

    assert!(paypal.decide_dispute(&dispute, true));
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, balance(200, 0));
    assert_eq!(app.in_account(CLEARING).await, 16_000);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dispute-won:%'").await, 1);
    assert_eq!(app.count("provider_events WHERE state <> 'applied'").await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_dispute_that_is_lost_takes_credits_and_money_once_though_paypal_tells_of_it_twice() {
    let app = TestApp::without_workers().await;
    let (payment, order) = app.buy_paypal(USER, Funding::Balance).await;
    let customer = app.payment(payment).await.customer_id;
    ledger::spend(&app.store, customer, 100, "render").await.unwrap();
    // Part of it had gone back before, of PayPal's pages.
    app.sandbox.paypal().refund(&order, Some("40.00")).unwrap();
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, balance(80, 0));
    let dispute = app.sandbox.paypal().dispute(&order, "UNAUTHORISED").unwrap();
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, balance(0, 80));

    // A reversal, which is listed among the refunds, and the dispute's end.
    assert!(app.sandbox.paypal().decide_dispute(&dispute, false));
    app.catch_up().await;
    assert_eq!(app.refunds_at_paypal(&order).await.len(), 2);
    assert_eq!(app.refunds().await.len(), 1, "what the dispute took is no refund");
    assert_eq!(app.balance(USER).await, balance(-40, 0));
    assert_eq!(app.in_account(CLEARING).await, 0);
    assert_eq!(app.in_account("chargebacks").await, 12_000);
    let ignored = "provider_events WHERE state = 'dead'";
    assert_eq!(app.count(ignored).await, 0);
    assert_eq!(app.deliver_paypal_again("PAYMENT.CAPTURE.REVERSED").await, 200);
    app.catch_up().await;
    assert_eq!(app.in_account(CLEARING).await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_dispute_that_the_seller_ends_by_paying_back_is_booked_once() {
    let app = TestApp::without_workers().await;
    let (_, order) = app.buy_paypal(USER, Funding::Balance).await;
    app.sandbox.paypal().dispute(&order, "UNAUTHORISED").unwrap();
    app.catch_up().await;
    app.sandbox.paypal().refund(&order, None).unwrap();
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, balance(0, 0));
    assert_eq!(app.in_account(CLEARING).await, 0);
    assert_eq!(app.in_account("chargebacks").await, 16_000);
    assert_eq!(app.refunds().await.len(), 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_dispute_of_a_payment_that_is_none_of_ours_is_dead_and_told() {
    let app = TestApp::without_workers().await;
    let payment = app.pending_paypal().await;
    let order = app.foreign_order("25.00", payment).await;
    app.approve(&order, Funding::Balance);
    app.call_paypal(&format!("v2/checkout/orders/{order}/capture"), Some(json!({}))).await;
    app.sandbox.paypal().dispute(&order, "UNAUTHORISED").unwrap();
    app.catch_up().await;
    assert_eq!(app.count("disputes").await, 0);
    let dead = "provider_events WHERE kind = 'CUSTOMER.DISPUTE.CREATED' AND state = 'dead'";
    assert_eq!(app.count(dead).await, 1);
    app.assert_ledger().await;
    app.stop().await;
}
