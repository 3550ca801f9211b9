//! News of refunds and disputes in every order, through the whole program: one ledger (`002-WE3`,
//! `002-WE4`, `AC9.2.5`, `AC9.6.2`).

use itertools::Itertools;
use payments::ledger::{self, Balance};
use sandbox::Faults;
use serde_json::{Value, json};
use tests::{TestApp, USER, dispute_event, refund_event, stripe::event};

/// News of one payment: kind of event, and the refund or dispute it is about.
#[derive(Clone, Copy)]
enum Told {
    Paid,
    Refund(&'static str, (&'static str, i64, &'static str)),
    Dispute(&'static str, (&'static str, i64, &'static str)),
}

use Told::{Dispute, Paid, Refund};

impl Told {
    /// The event, of payment `number`.
    fn event(self, number: usize, place: usize) -> Value {
        let (id, reference) = (format!("evt_{number}_{place}"), format!("pi_order{number}"));
        let own = |name: &str| format!("{name}_{number}");
        match self {
            Paid => event(&id, "payment_intent.succeeded", &reference, None),
            Refund(kind, (name, amount, status)) => {
                refund_event(&id, kind, (&own(name), amount, status), &reference)
            }
            Dispute(kind, (name, amount, status)) => {
                dispute_event(&id, kind, (&own(name), amount, status), &reference)
            }
        }
    }
}

const CREATED: &str = "refund.created";
const OPENED: &str = "charge.dispute.created";
const CLOSED: &str = "charge.dispute.closed";
const WITHDRAWN: &str = "charge.dispute.funds_withdrawn";
const REINSTATED: &str = "charge.dispute.funds_reinstated";

/// Tells `told` in every order, each of a payment of its own, and expects of each the same end:
/// money that we keep, and credits that the customer may spend and that are set aside.
async fn assert_every_order(told: &[Told], money: i64, available: i64, held: i64) {
    let app = TestApp::without_workers().await;
    let orders: Vec<Vec<Told>> = told.iter().copied().permutations(told.len()).collect();
    for (number, order) in orders.iter().enumerate() {
        app.pending_payment(Some(&format!("pi_order{number}"))).await;
        for (place, told) in order.iter().enumerate() {
            assert_eq!(app.deliver(&told.event(number, place)).await, 200);
            app.run_jobs().await;
        }
    }
    let orders = i64::try_from(orders.len()).unwrap();
    let expected = Balance { available: available * orders, held: held * orders };
    assert_eq!(app.balance(USER).await, expected);
    assert_eq!(app.in_account("clearing:stripe").await, money * orders);
    assert_eq!(app.count("provider_events WHERE state <> 'applied'").await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_was_told_of_one_payment_is_reviewed_when_it_is_told_of_another() {
    let refund =
        |event, payment| refund_event(event, CREATED, ("re_one", 8_000, "succeeded"), payment);
    let dispute =
        |event, payment| dispute_event(event, OPENED, ("dp_one", 8_000, "needs_response"), payment);
    let app = TestApp::without_workers().await;
    for payment in ["pi_one", "pi_other"] {
        app.pending_payment(Some(payment)).await;
        let id = format!("evt_paid_{payment}");
        app.deliver(&event(&id, "payment_intent.succeeded", payment, None)).await;
    }
    // Both payments in one batch, and one after the other.
    app.record(&[refund("evt_1", "pi_one"), refund("evt_2", "pi_other")]).await;
    app.run_jobs().await;
    app.record(&[dispute("evt_3", "pi_one")]).await;
    app.run_jobs().await;
    app.record(&[dispute("evt_4", "pi_other")]).await;
    app.run_jobs().await;

    assert_eq!(app.count("jobs WHERE state <> 'done'").await, 0, "none of it is a failure");
    let contradicts = "provider_events WHERE state = 'dead' AND error LIKE '%reference-mismatch'";
    assert_eq!(app.count(contradicts).await, 2);
    let of = async |table: &str| app.count(table).await;
    assert_eq!((of("refunds").await, of("disputes").await), (1, 1));
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_refund_and_the_success_in_every_order() {
    let done = ("re_a", 16_000, "succeeded");
    let told = [Paid, Refund(CREATED, ("re_a", 16_000, "pending")), Refund("refund.updated", done)];
    assert_every_order(&told, 0, 0, 0).await;
}

#[tokio::test]
async fn two_parts_and_the_success_in_every_order() {
    let told = [
        Paid,
        Refund(CREATED, ("re_a", 8_000, "succeeded")),
        Refund(CREATED, ("re_b", 4_000, "succeeded")),
    ];
    assert_every_order(&told, 4_000, 60, 0).await;
}

#[tokio::test]
async fn a_refund_that_fails_in_every_order() {
    let told = [
        Paid,
        Refund(CREATED, ("re_a", 16_000, "succeeded")),
        Refund("refund.failed", ("re_a", 16_000, "failed")),
    ];
    assert_every_order(&told, 16_000, 240, 0).await;
}

#[tokio::test]
async fn a_dispute_that_is_won_in_every_order() {
    let told = [
        Paid,
        Dispute(OPENED, ("du_a", 16_000, "needs_response")),
        Dispute(CLOSED, ("du_a", 16_000, "won")),
        Dispute(REINSTATED, ("du_a", 16_000, "won")),
    ];
    assert_every_order(&told, 16_000, 240, 0).await;
}

#[tokio::test]
async fn a_part_and_a_dispute_about_the_rest_that_is_lost_in_every_order() {
    let told = [
        Paid,
        Refund(CREATED, ("re_a", 4_000, "succeeded")),
        Dispute(WITHDRAWN, ("du_a", 12_000, "needs_response")),
        Dispute(CLOSED, ("du_a", 12_000, "lost")),
    ];
    assert_every_order(&told, 0, 0, 0).await;
}

// AC9.2.5, AC9.6.2, 002-WE4
#[tokio::test]
async fn a_dispute_sets_credits_aside_stops_refunds_and_tells_the_admin() {
    let app = TestApp::without_workers().await;
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    let customer = app.payment(payment).await.customer_id;
    ledger::spend(&app.store, customer, 40, "render").await.unwrap();
    let dispute = app.sandbox.dispute(&reference, "product_not_received").unwrap();
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, Balance { available: 0, held: 200 });
    assert_eq!(app.in_account("clearing:stripe").await, 0);
    let asked = app.try_refund(USER, payment).await;
    assert_eq!((asked.status, &asked.body["code"]), (409, &json!("payment_disputed")));
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dispute-opened:%'").await, 1);
    let token = app.staff("sue", "support");
    let path = "/api/v1/admin/disputes?status=needs_response,under_review";
    let listed = app.ask(Some(&token), "GET", path, None).await;
    let row = &listed.body["data"]["items"][0];
    assert_eq!((&row["reason"], &row["amount"]), (&json!("product_not_received"), &json!(16_000)));
    assert!(row["evidenceDue"].is_string());
    let url = format!("https://dashboard.stripe.com/test/disputes/{dispute}");
    assert_eq!(row["providerUrl"], json!(url));
    app.assert_ledger().await;

    assert!(app.sandbox.decide_dispute(&dispute, true));
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, Balance { available: 200, held: 0 });
    assert_eq!(app.in_account("clearing:stripe").await, 16_000);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dispute-won:%'").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_lost_dispute_takes_what_was_spent_below_zero() {
    let app = TestApp::without_workers().await;
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    let customer = app.payment(payment).await.customer_id;
    ledger::spend(&app.store, customer, 100, "render").await.unwrap();
    let dispute = app.sandbox.dispute(&reference, "fraudulent").unwrap();
    app.catch_up().await;
    assert!(app.sandbox.decide_dispute(&dispute, false));
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, Balance { available: -100, held: 0 });
    assert_eq!(app.in_account("chargebacks").await, 16_000);
    app.assert_ledger().await;
    // What they buy next pays the debt first, and is refunded only as far as it is left.
    let (next, _) = app.buy(USER, "pm_card_visa").await;
    assert_eq!(app.balance(USER).await.available, 140);
    let request = app.ask_refund(USER, next).await;
    assert_eq!(app.request(&request).await.unused, 140);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_dispute_while_a_request_waits_stops_its_approval() {
    let app = TestApp::without_workers().await;
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    let dispute = app.sandbox.dispute(&reference, "fraudulent").unwrap();
    app.catch_up().await;
    let refused = app.approve_refund("eve", &request, None).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("payment_disputed")));
    assert!(app.sandbox.decide_dispute(&dispute, false));
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, Balance { available: 0, held: 0 });
    let late = app.approve_refund("eve", &request, None).await;
    assert_eq!((late.status, &late.body["code"]), (409, &json!("already_refunded")));
    assert_eq!(app.deny_refund("eve", &request).await.status, 200);
    assert_eq!(app.balance(USER).await, Balance { available: 0, held: 0 });
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.6.7
#[tokio::test]
async fn news_that_never_came_are_fetched() {
    use jobs::{Job, Reconcile};
    let app = TestApp::without_workers().await;
    let (_, reference) = app.buy(USER, "pm_card_visa").await;
    app.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    app.sandbox.refund(&reference, Some(4_000)).unwrap();
    app.sandbox.dispute(&reference, "fraudulent").unwrap();
    app.catch_up().await;
    assert_eq!(app.balance(USER).await.available, 240);
    let provider = entities::Provider::Stripe;
    let job = Reconcile { provider, window_seconds: 3_600, tick: "once".to_owned() };
    let txn = app.store.db.begin().await.unwrap();
    job.enqueue(&txn, app.store.clock.now()).await.unwrap();
    txn.commit().await.unwrap();
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await, Balance { available: 0, held: 180 });
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn news_that_contradict_the_payment_are_reviewed_and_change_nothing() {
    let app = TestApp::without_workers().await;
    app.pending_payment(Some("pi_odd")).await;
    app.deliver(&event("evt_paid", "payment_intent.succeeded", "pi_odd", None)).await;
    app.run_jobs().await;
    let mut euros = refund_event("evt_eur", CREATED, ("re_eur", 100, "succeeded"), "pi_odd");
    euros["data"]["object"]["currency"] = json!("eur");
    let more = refund_event("evt_more", CREATED, ("re_more", 16_001, "succeeded"), "pi_odd");
    let live = dispute_event("evt_live", OPENED, ("du_live", 16_000, "lost"), "pi_odd");
    let mut live = live;
    live["livemode"] = json!(true);
    live["data"]["object"]["livemode"] = json!(true);
    for told in [&euros, &more, &live] {
        assert_eq!(app.deliver(told).await, 200);
        app.run_jobs().await;
    }
    assert_eq!(app.balance(USER).await, Balance { available: 240, held: 0 });
    assert_eq!(app.count("reviews WHERE state = 'open'").await, 3);
    assert_eq!((app.count("refunds").await, app.count("disputes").await), (0, 0));
    assert_eq!(app.count("provider_events WHERE state = 'dead'").await, 3);
    app.assert_ledger().await;
    app.stop().await;
}
