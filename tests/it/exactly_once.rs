//! Exactly once, whoever says it, however often, in whatever order (`I1`, `I3`, `I4`, `I7`).

use entities::payment::Status;
use jobs::{NewJob, Reconcile, queue};
use sea_orm::ConnectionTrait;
use tests::{TestApp, USER, stripe::event};

const ACCOUNT: &str = "pi_exactly_once";

#[tokio::test]
async fn sixty_four_deliveries_of_one_event_at_once_grant_once() {
    let app = TestApp::start().await;
    app.pending_payment(Some(ACCOUNT)).await;
    let told = event("evt_64", "payment_intent.succeeded", ACCOUNT, None);

    let deliveries = (0..64).map(|_| app.deliver(&told));
    let answers = join_all(deliveries.collect()).await;

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
            for (status, body) in join_all(calls.collect()).await {
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

#[tokio::test]
async fn every_order_and_doubling_of_the_events_ends_in_one_state() {
    let app = TestApp::without_workers().await;
    let kinds = ["created", "requires_action", "payment_failed", "succeeded"];
    let orders = permutations(&kinds);
    let mut payments = Vec::new();
    for (order, kinds) in orders.iter().enumerate() {
        let reference = format!("pi_order_{order}");
        let payment = app.pending_payment(Some(&reference)).await;
        for (step, kind) in kinds.iter().chain(kinds.first()).enumerate() {
            let name = format!("evt_{order}_{step}");
            let told =
                event(&name, &format!("payment_intent.{kind}"), &reference, Some(payment.id));
            assert_eq!(app.deliver(&told).await, 200);
            // Half of the orders event by event, half of them in one batch.
            if order % 2 == 0 {
                app.run_jobs().await;
            }
        }
        payments.push(payment.id);
    }
    app.run_jobs().await;
    for id in payments {
        let payment = app.payment(id).await;
        assert_eq!(payment.status, Status::Succeeded);
        assert_eq!((payment.failure_code, payment.failed_at), (None, None));
    }
    let granted = i64::try_from(orders.len()).unwrap() * 240;
    assert_eq!(app.balance(USER).await.available, granted);
    app.assert_ledger().await;
    app.stop().await;
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

fn permutations<'a>(items: &[&'a str]) -> Vec<Vec<&'a str>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in items.iter().enumerate() {
        let rest: Vec<_> = [&items[..index], &items[index + 1..]].concat();
        for mut tail in permutations(&rest) {
            tail.insert(0, first);
            all.push(tail);
        }
    }
    all
}

async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        use std::task::Poll;
        let mut pending = false;
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match future.as_mut().poll(cx) {
                    Poll::Ready(value) => *output = Some(value),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            return Poll::Pending;
        }
        Poll::Ready(outputs.iter_mut().filter_map(Option::take).collect())
    })
    .await
}
