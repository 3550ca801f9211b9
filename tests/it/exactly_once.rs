//! Exactly once, whoever says it, however often, in whatever order (`I1`, `I3`, `I4`, `I7`).

use entities::payment::{self, Status};
use futures_util::{StreamExt, future::join_all, stream};
use itertools::Itertools;
use jobs::{NewJob, Reconcile, queue};
use sea_orm::ConnectionTrait;
use tests::{TestApp, USER, stripe::event};

const ACCOUNT: &str = "pi_exactly_once";

/// Calls on their way at once.
const AT_ONCE: usize = 32;

#[tokio::test]
async fn sixty_four_deliveries_of_one_event_at_once_grant_once() {
    let app = TestApp::start().await;
    app.pending_payment(Some(ACCOUNT)).await;
    let told = event("evt_64", "payment_intent.succeeded", ACCOUNT, None);

    let deliveries = (0..64).map(|_| app.deliver(&told));
    let answers = join_all(deliveries).await;

    assert_eq!(answers, vec![200; 64]);
    app.await_balance(USER, 240).await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    assert_eq!(app.count("provider_events").await, 1);
    assert_eq!(app.count("ledger_transfers").await, 1);
    assert_eq!(app.count("mails").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

// spoof class 33
#[tokio::test]
async fn two_events_about_one_payment_grant_once() {
    let app = TestApp::without_workers().await;
    app.pending_payment(Some(ACCOUNT)).await;
    for name in ["evt_a", "evt_b"] {
        let told = event(name, "payment_intent.succeeded", ACCOUNT, None);
        assert_eq!(app.deliver(&told).await, 200);
    }
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240);
    assert_eq!(app.count("ledger_transfers").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn webhook_confirm_reconcile_and_requeue_race_and_grant_once() {
    for _ in 0..3 {
        let app = TestApp::start().await;
        let (_, reference) = app.begin(USER, "pm_card_visa").await;
        assert_eq!(app.confirm_at_stripe(&reference).await, 200);

        let confirms = async {
            let calls = (0..4).map(|_| app.confirm(USER, &reference));
            for (status, body) in join_all(calls).await {
                assert_eq!(status, 200, "{body}");
                assert_eq!(body["data"]["newBalance"], serde_json::json!(240));
            }
        };
        let requeues = async {
            for _ in 0..5 {
                requeue_everything(&app).await;
            }
        };
        tokio::join!(confirms, requeues, reconcile(&app, "a"), reconcile(&app, "b"));

        app.sandbox.settle().await;
        app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
        assert_eq!(app.balance(USER).await.available, 240);
        assert_eq!(app.count("ledger_transfers").await, 1);
        assert_eq!(app.count("mails").await, 1);
        app.assert_ledger().await;
        app.stop().await;
    }
}

/// Events that may befall one payment, and what comes of them.
const SCENARIOS: [(&[&str], Status); 5] = [
    (&["created", "payment_failed", "requires_action", "succeeded"], Status::Succeeded),
    (&["created", "processing", "succeeded"], Status::Succeeded),
    (&["created", "processing", "payment_failed"], Status::Failed),
    (&["created", "requires_action", "payment_failed", "canceled"], Status::Canceled),
    // A payer with three cards: 720 orders.
    (
        &[
            "created",
            "payment_failed",
            "requires_action",
            "payment_failed",
            "processing",
            "succeeded",
        ],
        Status::Succeeded,
    ),
];

// I3, I4
#[tokio::test]
async fn every_order_and_doubling_of_the_events_ends_in_one_state() {
    let app = TestApp::without_workers().await;
    let mut paid = 0;
    for (kinds, status) in SCENARIOS {
        for batched in [false, true] {
            let orders = kinds.iter().copied().permutations(kinds.len());
            // Event by event takes as many transactions: of 720 orders every sixth will do.
            let every = if batched || kinds.len() < 6 { 1 } else { 6 };
            let orders: Vec<Vec<&str>> = orders.step_by(every).collect();
            let payments = tell_all(&app, &orders, batched).await;
            for payment in &payments {
                assert_eq!(payment.status, status, "{kinds:?}");
                let failed = status != Status::Succeeded && kinds.contains(&"payment_failed");
                assert_eq!(
                    (payment.failure_code.is_some(), payment.failed_at.is_some()),
                    (failed, failed)
                );
            }
            paid += if status == Status::Succeeded { payments.len() } else { 0 };
        }
    }
    let paid = i64::try_from(paid).unwrap();
    assert_eq!(app.balance(USER).await.available, paid * 240);
    assert_eq!(app.count("ledger_transfers").await, paid);
    app.assert_ledger().await;
    app.stop().await;
}

/// Tells one payment for each order the events in that order, then the first of them once more:
/// event by event, or all of them in one batch. What the payments are after that.
async fn tell_all(app: &TestApp, orders: &[Vec<&str>], batched: bool) -> Vec<payment::Model> {
    let begin = orders.iter().map(|_| async {
        let reference = format!("pi_{}", entities::JobId::new());
        app.pending_payment(Some(&reference)).await
    });
    let payments: Vec<_> = stream::iter(begin).buffered(AT_ONCE).collect().await;
    for step in 0..=orders[0].len() {
        let told = payments.iter().zip(orders).map(|(payment, order)| {
            let name = format!("evt_{}_{}", payment.id, step % order.len());
            let kind = format!("payment_intent.{}", order[step % order.len()]);
            let reference = payment.provider_reference.as_deref().unwrap();
            event(&name, &kind, reference, Some(payment.id))
        });
        app.record(&told.collect::<Vec<_>>()).await;
        if !batched {
            app.run_jobs().await;
        }
    }
    app.run_jobs().await;
    stream::iter(payments).then(|payment| app.payment(payment.id)).collect().await
}

async fn requeue_everything(app: &TestApp) {
    let db = &app.store.db;
    let txn = db.begin().await.unwrap();
    let done = "UPDATE jobs SET state = 'queued', attempts = 0, lease_until = NULL WHERE name = \
                'apply-event' AND state = 'done'";
    txn.execute_unprepared(done).await.unwrap();
    txn.commit().await.unwrap();
}

async fn reconcile(app: &TestApp, tick: &str) {
    let now = app.store.clock.now();
    let provider = entities::Provider::Stripe;
    let job = Reconcile { provider, window_seconds: 3_600, tick: tick.to_owned() };
    let txn = app.store.db.begin().await.unwrap();
    let enqueued = queue::insert(&txn, vec![NewJob::of(&job, now)], now).await.unwrap();
    txn.commit().await.unwrap();
    app.context.dispatcher.announce(enqueued);
}
