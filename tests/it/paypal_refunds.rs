//! Money back with PayPal: sent once, looked up where its events only hint (`AC9.5.3` to `AC9.5.7`,
//! `AC9.6.4`, `002-WE3`).

use std::time::Duration;

use boot::Clock;
use entities::{
    payment::Status,
    refund::{Origin, State},
    refund_request::State as RequestState,
};
use payments::ledger::Balance;
use sandbox::Funding;
use serde_json::json;
use tests::{TestApp, USER, paypal::forge_same_crc};

const fn balance(available: i64, held: i64) -> Balance {
    Balance { available, held }
}

const CLEARING: &str = "clearing:paypal";

// AC9.5.3, AC9.5.6, AC9.6.4
#[tokio::test]
async fn an_approved_refund_goes_back_by_paypal_and_is_told() {
    let app = TestApp::without_workers().await;
    let (payment, order) = app.buy_paypal(USER, Funding::Balance).await;
    assert_eq!(app.in_account(CLEARING).await, 16_000);
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &request, Some(4_000)).await.status, 200);
    app.catch_up().await;

    assert_eq!(app.request(&request).await.state, RequestState::Refunded);
    assert_eq!(app.payment(payment).await.status, Status::PartiallyRefunded);
    assert_eq!(app.balance(USER).await, balance(180, 0));
    assert_eq!(app.in_account(CLEARING).await, 12_000);
    let refund = app.refunds().await.remove(0);
    assert_eq!((refund.state, refund.origin), (State::Succeeded, Origin::Desk));
    let made = app.refunds_at_paypal(&order).await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["amount"], json!({ "currency_code": "USD", "value": "40.00" }));
    assert_eq!(made[0]["custom_id"], json!(refund.id.to_string()));
    assert_eq!(refund.provider_reference.as_deref(), made[0]["id"].as_str());
    assert_eq!(app.count("mails WHERE occasion LIKE 'refund:paid:%' AND state = 'sent'").await, 1);
    assert_eq!(app.count("reviews").await, 0, "it is our own");
    assert_eq!(app.count("provider_events WHERE state <> 'applied'").await, 0);
    app.assert_ledger().await;

    // The same news once more, and the rest of the money.
    assert_eq!(app.deliver_paypal_again("PAYMENT.CAPTURE.REFUNDED").await, 200);
    let rest = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &rest, None).await.status, 200);
    app.catch_up().await;
    assert_eq!(app.payment(payment).await.status, Status::Refunded);
    assert_eq!((app.in_account(CLEARING).await, app.refunds().await.len()), (0, 2));
    assert_eq!(app.balance(USER).await, balance(0, 0));
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.5.7
#[tokio::test]
async fn a_refund_to_a_bank_is_pending_until_it_is_paid_or_fails() {
    let app = TestApp::without_workers().await;
    for (paid, state, left) in [(true, State::Succeeded, 0), (false, State::Failed, 240)] {
        let user = format!("buyer-{paid}");
        let (payment, _) = app.buy_paypal(&user, Funding::Echeck).await;
        let request = app.ask_refund(&user, payment).await;
        assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
        app.catch_up().await;
        let refund = app.refunds().await.pop().unwrap();
        assert_eq!(refund.state, State::Pending);
        assert_eq!(app.balance(&user).await, balance(0, 240));
        app.assert_ledger().await;

        let reference = refund.provider_reference.unwrap();
        assert!(app.sandbox.paypal().settle_refund(&reference, paid));
        app.catch_up().await;
        assert_eq!(app.refunds().await.pop().unwrap().state, state);
        assert_eq!(app.balance(&user).await, balance(left, 0));
        app.assert_ledger().await;
    }
    assert_told_of_failure(&app).await;
    app.stop().await;
}

// AC9.5.7
#[tokio::test]
async fn a_refund_that_fails_after_it_was_paid_gives_the_credits_back_and_asks_for_another_way() {
    let app = TestApp::without_workers().await;
    let (payment, order) = app.buy_paypal(USER, Funding::Balance).await;
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, balance(0, 0));
    let reference = app.refunds_at_paypal(&order).await[0]["id"].as_str().unwrap().to_owned();
    assert!(app.sandbox.paypal().settle_refund(&reference, false));
    app.catch_up().await;

    assert_eq!(app.request(&request).await.state, RequestState::Failed);
    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    assert_eq!(app.balance(USER).await, balance(240, 0));
    assert_eq!(app.in_account(CLEARING).await, 16_000);
    assert_told_of_failure(&app).await;
    app.assert_ledger().await;
    app.stop().await;
}

async fn assert_told_of_failure(app: &TestApp) {
    let sent = "mails WHERE occasion LIKE 'refund:failed:%' AND state = 'sent'";
    assert_eq!(app.count(sent).await, 1);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:refund-failed:%'").await, 1);
    let told = app.mails().into_iter().filter(|mail| mail.contains("another way to pay you"));
    assert_eq!(told.count(), 1);
}

// 002-WE3
#[tokio::test]
async fn refunds_made_in_paypals_pages_are_booked_and_flagged() {
    let app = TestApp::without_workers().await;
    let (payment, order) = app.buy_paypal(USER, Funding::Venmo).await;
    app.sandbox.paypal().refund(&order, Some("40.00")).unwrap();
    app.catch_up().await;
    assert_eq!(app.payment(payment).await.status, Status::PartiallyRefunded);
    assert_eq!(app.balance(USER).await, balance(180, 0));
    app.sandbox.paypal().refund(&order, None).unwrap();
    app.catch_up().await;

    assert_eq!(app.payment(payment).await.status, Status::Refunded);
    assert_eq!(app.balance(USER).await, balance(0, 0));
    assert!(app.refunds().await.iter().all(|refund| refund.origin == Origin::Provider));
    let reviews = "reviews WHERE rule = 'refund-made-elsewhere' AND state = 'open'";
    assert_eq!(app.count(reviews).await, 1);
    let asked = app.try_refund(USER, payment).await;
    assert_eq!((asked.status, &asked.body["code"]), (409, &json!("already_refunded")));
    assert_eq!(app.in_account(CLEARING).await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_paypal_refuses_for_good_fails_and_frees_the_credits() {
    let app = TestApp::without_workers().await;
    // Refunded elsewhere, and we have not heard of it yet.
    let (payment, order) = app.buy_paypal(USER, Funding::Balance).await;
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    app.sandbox.paypal().set_webhook_target(String::new());
    app.sandbox.paypal().refund(&order, None).unwrap();
    app.run_jobs().await;
    let refunds = app.refunds().await;
    let ours = refunds.iter().find(|refund| refund.origin == Origin::Desk).unwrap();
    assert_eq!(ours.state, State::Failed);
    assert_eq!(ours.failure.as_deref(), Some("CAPTURE_FULLY_REFUNDED"));
    assert_eq!(app.request(&request).await.state, RequestState::Failed);
    // The look at what PayPal has found the other one.
    assert_eq!(refunds.len(), 2);
    assert_eq!(app.payment(payment).await.status, Status::Refunded);
    assert_eq!(app.balance(USER).await, balance(0, 0));
    assert_eq!(app.in_account(CLEARING).await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn half_a_year_later_paypal_refuses_and_the_credits_are_back() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    let (payment, order) = app.buy_paypal(USER, Funding::Balance).await;
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    app.sandbox.paypal().age_capture(&order, Duration::from_hours(181 * 24));
    app.run_jobs().await;
    let refund = app.refunds().await.remove(0);
    assert_eq!(refund.failure.as_deref(), Some("REFUND_TIME_LIMIT_EXCEEDED"));
    assert_eq!(app.balance(USER).await, balance(240, 0));
    assert_told_of_failure(&app).await;
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn the_same_request_makes_one_refund_and_a_second_key_is_refused() {
    let app = TestApp::without_workers().await;
    let (_, order) = app.buy_paypal(USER, Funding::Balance).await;
    let gateway = app.context.gateways.get(entities::Provider::Paypal).unwrap();
    let gateway = gateway.refunds().unwrap();
    let wish = |key: &str| gateways::RefundOrder {
        refund_id: "rfd_0199a3c5d2e87b3c8f0a1b2c3d4e5f60".parse().unwrap(),
        payment_reference: order.clone(),
        amount: entities::Money::new(100, "usd".parse().unwrap()),
        key: key.to_owned(),
    };
    let first = gateway.create_refund(&wish("one")).await.unwrap();
    assert_eq!(gateway.create_refund(&wish("one")).await.unwrap(), first);
    // PayPal itself knows the refund by its invoice, should it forget the key.
    let refused = gateway.create_refund(&wish("two")).await.unwrap_err();
    assert!(format!("{refused}").contains("DUPLICATE_INVOICE_ID"), "{refused}");
    assert_eq!(app.refunds_at_paypal(&order).await.len(), 1);
    assert_eq!(gateway.list_refunds(&order).await.unwrap(), [first]);
    app.stop().await;
}

#[tokio::test]
async fn a_forged_event_about_a_refund_makes_us_look_and_moves_nothing() {
    let app = TestApp::without_workers().await;
    let (_, order) = app.buy_paypal(USER, Funding::Balance).await;
    app.sandbox.paypal().refund(&order, Some("10.00")).unwrap();
    app.catch_up().await;
    let (before, money) = (app.balance(USER).await, app.in_account(CLEARING).await);

    // The genuine headers over a body that tells of more.
    let genuine = app.paypal_event("PAYMENT.CAPTURE.REFUNDED");
    let forged = forge_same_crc(&genuine, "10.00", "99.00");
    let headers = app.sign_paypal(&genuine);
    assert_eq!(app.deliver_paypal(&headers, &forged).await, 200);
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, before);
    assert_eq!(app.in_account(CLEARING).await, money);
    assert_eq!(app.refunds().await.len(), 1);
    app.assert_ledger().await;
    app.stop().await;
}
