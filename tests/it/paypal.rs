//! Buying with PayPal (`AC9.2.1` to `AC9.2.4`, `002-PO1`, `002-EP3`).

use std::time::Duration;

use boot::Clock;
use entities::payment::Status;
use jobs::{FollowPayment, Job, NewJob, Reconcile, queue};
use sandbox::{Faults, Funding};
use serde_json::json;
use tests::{TestApp, USER, paypal::CREATE};

// AC9.2.1, AC9.2.4, 002-EP3
#[tokio::test]
async fn an_order_sends_the_payer_to_paypal_and_asks_for_no_card() {
    let app = TestApp::without_workers().await;
    let back = app.url("/billing?x=1");
    let wish = json!({ "packageId": "pro-200", "returnUrl": back, "cancelUrl": back });

    let (status, body) = app.post(USER, CREATE, &wish).await;

    assert_eq!(status, 200, "{body}");
    let data = &body["data"];
    assert_eq!((&data["amount"], &data["currency"]), (&json!(16_000), &json!("usd")));
    let page = app.http.get(data["approvalUrl"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains("Log in") && page.contains("160.00 USD"), "{page}");
    assert_eq!(
        app.payment_of_order(data["orderId"].as_str().unwrap()).await.unwrap().amount,
        16_000
    );
    app.stop().await;
}

// AC9.2.2
#[tokio::test]
async fn a_payer_who_comes_back_has_the_credits() {
    let app = TestApp::start().await;
    let (payment, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::Balance);

    let (status, body) = app.capture(USER, &order).await;

    assert_eq!(status, 200, "{body}");
    assert_eq!(body["data"]["creditsAdded"], json!(240));
    assert_eq!(body["data"]["newBalance"], json!(240));
    app.sandbox.settle().await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    let payment = app.payment(payment).await;
    assert_eq!(payment.status, Status::Succeeded);
    assert_eq!(payment.method_kind.as_deref(), Some("paypal"));
    assert_eq!(app.count("ledger_transfers").await, 1);
    assert_eq!(app.count("mails").await, 1);
    assert_eq!(app.capture(USER, &order).await.0, 200, "asking again changes nothing");
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_payer_who_never_comes_back_has_the_credits_too() {
    let app = TestApp::start().await;
    let (_, order) = app.begin_paypal(USER).await;

    app.approve(&order, Funding::Venmo);

    app.await_balance(USER, 240).await;
    app.sandbox.settle().await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    let payment = app.payment_of_order(&order).await.unwrap();
    assert_eq!(payment.method_kind.as_deref(), Some("venmo"));
    assert_eq!(app.count("ledger_transfers").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.2.3
#[tokio::test]
async fn a_payer_who_gives_up_pays_nothing_and_may_try_again() {
    let app = TestApp::start().await;
    let (payment, order) = app.begin_paypal(USER).await;
    let page = app.url("/sandbox/paypal/checkoutnow");
    let form = [("token", order.as_str()), ("action", "cancel")];
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.no_proxy().build().unwrap();
    let left = client.post(page).form(&form).send().await.unwrap();
    let place = left.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(place, app.url(&format!("/checkout/paypal/cancel?token={order}")));

    let (status, problem) = app.capture(USER, &order).await;

    assert_eq!((status, &problem["code"]), (409, &json!("requires_action")));
    let again = problem["nextActionUrl"].as_str().unwrap();
    assert!(again.ends_with(&format!("checkoutnow?token={order}")), "{again}");
    assert_eq!(app.balance(USER).await.available, 0);

    app.approve(&order, Funding::Balance);
    assert_eq!(app.capture(USER, &order).await.0, 200);
    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    app.stop().await;
}

// AC9.2.3
#[tokio::test]
async fn a_declined_payer_hears_why_and_pays_with_something_else() {
    let app = TestApp::start().await;
    let (payment, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::DeclinedCard);

    let (status, problem) = app.capture(USER, &order).await;

    assert_eq!((status, &problem["code"]), (402, &json!("payment_failed")), "{problem}");
    assert_eq!(problem["declineCode"], json!("instrument_declined"));
    assert!(problem["title"].as_str().unwrap().contains("PayPal"), "{problem}");
    let failed = app.payment(payment).await;
    assert_eq!(failed.status, Status::RequiresAction, "another choice may complete it");
    assert_eq!(failed.failure_code.as_deref(), Some("instrument_declined"));

    app.approve(&order, Funding::Balance);
    assert_eq!(app.capture(USER, &order).await.0, 200);
    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    app.await_balance(USER, 240).await;
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn an_echeck_is_pending_until_the_bank_pays_or_refuses() {
    let app = TestApp::start().await;
    for paid in [true, false] {
        let (payment, order) = app.begin_paypal(USER).await;
        app.approve(&order, Funding::Echeck);
        let (status, problem) = app.capture(USER, &order).await;
        assert_eq!((status, &problem["code"]), (409, &json!("processing")), "{problem}");
        let before = app.balance(USER).await.available;

        assert!(app.sandbox.paypal().settle_capture(&order, paid));

        let end = if paid { Status::Succeeded } else { Status::Failed };
        app.until(async || app.payment(payment).await.status == end).await;
        let gained = app.balance(USER).await.available - before;
        assert_eq!(gained, if paid { 240 } else { 0 });
        let code = app.payment(payment).await.failure_code;
        assert_eq!(code.as_deref(), if paid { None } else { Some("capture_denied") });
    }
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.2.3
#[tokio::test]
async fn a_second_choice_is_no_repetition_of_a_decline_that_two_heard_of() {
    let app = TestApp::without_workers().await;
    let (payment, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::DeclinedCard);
    // The webhook's job and the payer's page, say: the second hears nothing that is new.
    assert_eq!(app.capture(USER, &order).await.0, 402);
    assert_eq!(app.capture(USER, &order).await.0, 402);
    // PayPal tells whole seconds, and nobody chooses anew within the second of a decline.
    let declined = Clock::System.now().seconds();
    app.until(async || Clock::System.now().seconds() > declined).await;

    app.approve(&order, Funding::Credit);
    let (status, problem) = app.capture(USER, &order).await;

    assert_eq!(status, 200, "{problem}");
    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    assert_eq!(app.balance(USER).await.available, 240);
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.2.3
#[tokio::test]
async fn what_was_declined_is_not_tried_again_until_the_payer_chooses_anew() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    let (payment, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::DeclinedCard);
    assert_eq!(app.capture(USER, &order).await.0, 402);
    let declined = app.payment(payment).await;

    // The webhook about the approval, and a reconciliation.
    app.sandbox.settle().await;
    app.run_jobs().await;
    clock.advance(Duration::from_mins(10));
    reconcile(&app, "a").await;
    app.run_jobs().await;
    assert_eq!(app.payment(payment).await, declined, "nothing was tried");

    // A bank account this time: that is on its way, and no failure any more.
    app.approve(&order, Funding::Echeck);
    let (status, problem) = app.capture(USER, &order).await;
    assert_eq!((status, &problem["code"]), (409, &json!("processing")), "{problem}");
    assert_eq!(app.payment(payment).await.status, Status::Processing);
    assert!(app.sandbox.paypal().settle_capture(&order, true));
    app.sandbox.settle().await;
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn an_order_of_somebody_else_does_not_exist() {
    let app = TestApp::start().await;
    let (_, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::Balance);
    assert_eq!(app.capture("mallory", &order).await.0, 404);
    assert_eq!(app.capture("mallory", "0000000000000000X").await.0, 404);
    app.await_balance(USER, 240).await;
    assert_eq!(app.balance("mallory").await.available, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_payer_is_sent_back_to_our_pages_only() {
    let app = TestApp::without_workers().await;
    for url in ["https://evil.example/", "javascript:alert(1)", "//evil.example", "", "/billing"] {
        for name in ["returnUrl", "cancelUrl"] {
            let wish = json!({ "packageId": "pro-200", name: url });
            let (status, problem) = app.post(USER, CREATE, &wish).await;
            assert_eq!((status, &problem["code"]), (400, &json!("malformed")), "{name} {url}");
        }
    }
    let wish = json!({ "packageId": "pro-200", "amount": 1 });
    assert_eq!(app.post(USER, CREATE, &wish).await.0, 400);
    assert_eq!(app.count("payments").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn what_a_lost_answer_left_open_is_followed_to_its_end() {
    let app = TestApp::without_workers().await;
    app.sandbox.paypal().set_webhook_target(String::new());
    let (payment, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::Balance);
    let version = app.payment(payment).await.version;
    let now = app.store.clock.now();
    let txn = app.store.db.begin().await.unwrap();
    let job = FollowPayment { payment_id: payment, version };
    job.enqueue(&txn, now).await.unwrap();
    txn.commit().await.unwrap();

    app.run_jobs().await;

    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    assert_eq!(app.balance(USER).await.available, 240);
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.6.7
#[tokio::test]
async fn events_that_never_came_are_fetched() {
    let app = TestApp::without_workers().await;
    app.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    let (payment, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::Balance);
    app.run_jobs().await;
    assert_eq!(app.count("provider_events").await, 0);

    reconcile(&app, "a").await;
    app.run_jobs().await;

    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    // The capture made another event, which nobody sent either.
    reconcile(&app, "b").await;
    app.run_jobs().await;
    assert_eq!(app.count("provider_events WHERE state = 'applied'").await, 2);
    assert_eq!(app.count("ledger_transfers").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_bad_network_and_a_bad_provider_cost_time_and_nothing_else() {
    let app = TestApp::start().await;
    app.sandbox.set_faults(Faults {
        drop_percent: 20,
        double_percent: 40,
        forge_percent: 40,
        delay_ms: 200,
        reorder: true,
        lose_response_percent: 10,
        fail_api_percent: 10,
        seed: 11,
        ..Faults::default()
    });
    let mut orders = Vec::new();
    while orders.len() < 6 {
        let (status, body) = app.post(USER, CREATE, &json!({ "packageId": "pro-200" })).await;
        match body["data"]["orderId"].as_str() {
            Some(order) => orders.push(order.to_owned()),
            None => assert_eq!(status, 502, "{body}"),
        }
    }
    for order in &orders {
        app.approve(order, Funding::Balance);
        let (status, body) = app.capture(USER, order).await;
        assert!(matches!(status, 200 | 502), "{body}");
    }
    app.sandbox.settle().await;
    app.sandbox.set_faults(Faults::default());
    reconcile(&app, "end").await;
    app.await_balance(USER, 240 * 6).await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    assert_eq!(app.count("ledger_transfers").await, 6);
    assert_eq!(app.count("mails WHERE occasion LIKE 'receipt:%'").await, 6);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn sixty_four_deliveries_captures_and_reconciliations_at_once_grant_once() {
    let app = TestApp::start().await;
    app.sandbox.paypal().set_webhook_target(String::new());
    let (_, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::Balance);
    let told = app.paypal_event("CHECKOUT.ORDER.APPROVED");
    let headers = app.sign_paypal(&told);

    let deliveries = async {
        let all = (0..64).map(|_| app.deliver_paypal(&headers, &told));
        assert_eq!(futures_util::future::join_all(all).await, vec![200; 64]);
    };
    let captures = async {
        let all = (0..4).map(|_| app.capture(USER, &order));
        for (status, body) in futures_util::future::join_all(all).await {
            assert_eq!(status, 200, "{body}");
            assert_eq!(body["data"]["newBalance"], json!(240));
        }
    };
    tokio::join!(deliveries, captures, reconcile(&app, "a"), reconcile(&app, "b"));

    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    assert_eq!(app.balance(USER).await.available, 240);
    assert_eq!(app.count("ledger_transfers").await, 1);
    assert_eq!(app.count("mails").await, 1);
    assert_eq!(app.count("jobs WHERE state = 'dead'").await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

async fn reconcile(app: &TestApp, tick: &str) {
    let now = app.store.clock.now();
    let provider = entities::Provider::Paypal;
    let job = Reconcile { provider, window_seconds: 3_600, tick: tick.to_owned() };
    let txn = app.store.db.begin().await.unwrap();
    let enqueued = queue::insert(&txn, vec![NewJob::of(&job, now)], now).await.unwrap();
    txn.commit().await.unwrap();
    app.context.dispatcher.announce(enqueued);
}
