//! What becomes of events that do not fit (spoof classes 25 to 34, money rules 5 and 6).

use std::time::Duration;

use boot::Clock;
use entities::{Timestamp, payment::Status, provider_event::State};
use payments::inbox::{self, Recorded, Recorder};
use sea_orm::DatabaseBackend;
use serde_json::{Value, json};
use tests::{TestApp, USER, stripe::event};

const REFERENCE: &str = "pi_events";

/// A genuine event that contradicts our row grants nothing, and tells the operator once.
async fn assert_contradiction(rule: &str, change: impl Fn(&mut Value)) {
    let app = TestApp::without_workers().await;
    let payment = app.pending_payment(Some(REFERENCE)).await;
    let mut told = event("evt_bad", "payment_intent.succeeded", REFERENCE, Some(payment.id));
    change(&mut told);
    assert_eq!(app.deliver(&told).await, 200);
    app.run_jobs().await;

    assert_eq!(app.payment(payment.id).await.status, Status::Pending, "{rule}");
    assert_eq!(app.balance(USER).await.available, 0, "{rule}");
    assert_eq!(app.events().await[0].state, State::Dead, "{rule}");
    let reviews = format!("reviews WHERE rule = '{rule}' AND state = 'open'");
    assert_eq!(app.count(&reviews).await, 1, "{rule}");
    let alerts = format!("mails WHERE occasion LIKE 'alert:{rule}:%' AND state = 'sent'");
    assert_eq!(app.count(&alerts).await, 1, "{rule}");

    // The truth, when it comes, is still believed.
    let truth = event("evt_true", "payment_intent.succeeded", REFERENCE, Some(payment.id));
    assert_eq!(app.deliver(&truth).await, 200);
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240, "{rule}");
    app.assert_ledger().await;
    app.stop().await;
}

// spoof class 25
#[tokio::test]
async fn a_lower_amount_is_reviewed_and_not_granted() {
    assert_contradiction("amount-mismatch", |told| {
        told["data"]["object"]["amount"] = json!(100);
        told["data"]["object"]["amount_received"] = json!(100);
    })
    .await;
}

// spoof class 26
#[tokio::test]
async fn another_currency_is_reviewed_and_not_granted() {
    assert_contradiction("currency-mismatch", |told| {
        told["data"]["object"]["currency"] = json!("jpy");
    })
    .await;
}

// spoof class 27
#[tokio::test]
async fn another_mode_is_reviewed_and_not_granted() {
    assert_contradiction("livemode-mismatch", |told| {
        told["livemode"] = json!(true);
        told["data"]["object"]["livemode"] = json!(true);
    })
    .await;
}

// spoof class 28
#[tokio::test]
async fn another_account_is_reviewed_and_not_granted() {
    assert_contradiction("account-mismatch", |told| told["account"] = json!("acct_stranger")).await;
}

// spoof class 30
#[tokio::test]
async fn the_metadata_of_another_payment_is_reviewed_and_not_granted() {
    assert_contradiction("reference-mismatch", |told| {
        let other = entities::PaymentId::new().to_string();
        told["data"]["object"]["metadata"]["payment_id"] = json!(other);
    })
    .await;
}

// spoof class 31, 002-WE1: parked, looked up, dead with an alert
#[tokio::test]
async fn an_unknown_payment_is_parked_then_looked_up_then_dead_with_an_alert() {
    let clock = Clock::manual(Timestamp::from_seconds(1_790_000_100));
    let app = TestApp::with_clock(clock.clone()).await;
    let told = event("evt_unknown", "payment_intent.succeeded", "pi_unknown", None);
    assert_eq!(app.deliver(&told).await, 200);

    app.run_jobs().await;
    assert_eq!(app.events().await[0].state, State::Parked);
    for _ in 0..6 {
        clock.advance(Duration::from_mins(1));
        app.run_jobs().await;
    }

    assert_eq!(app.events().await[0].state, State::Dead);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dead-event:%'").await, 1);
    assert_eq!(app.count("ledger_transfers").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn an_event_that_overtakes_the_answer_to_our_call_finds_its_payment() {
    let app = TestApp::without_workers().await;
    let payment = app.pending_payment(None).await;
    let told = event("evt_early", "payment_intent.succeeded", REFERENCE, Some(payment.id));
    assert_eq!(app.deliver(&told).await, 200);
    app.run_jobs().await;
    assert_eq!(app.payment(payment.id).await.provider_reference.as_deref(), Some(REFERENCE));
    assert_eq!(app.balance(USER).await.available, 240);
    app.stop().await;
}

// spoof class 32
#[tokio::test]
async fn another_body_under_a_known_id_changes_nothing_and_alerts() {
    let app = TestApp::without_workers().await;
    app.pending_payment(Some(REFERENCE)).await;
    let first = event("evt_same", "payment_intent.processing", REFERENCE, None);
    let second = event("evt_same", "payment_intent.succeeded", REFERENCE, None);
    assert_eq!((app.deliver(&first).await, app.deliver(&second).await), (200, 200));
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 0);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:event-body-differs:%'").await, 1);

    // What differs only in how often it was delivered is the same event.
    let mut third = first.clone();
    third["pending_webhooks"] = json!(0);
    let twin = event("evt_twin", "payment_intent.processing", REFERENCE, None);
    let mut again = twin.clone();
    again["pending_webhooks"] = json!(0);
    assert_eq!((app.deliver(&twin).await, app.deliver(&again).await), (200, 200));
    app.run_jobs().await;
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:event-body-differs:%'").await, 1);
    app.stop().await;
}

// spoof class 32
#[tokio::test]
async fn what_arrives_together_is_told_apart() {
    let app = TestApp::without_workers().await;
    let names = ["a", "b", "c"];
    for name in names {
        app.pending_payment(Some(&format!("pi_{name}"))).await;
    }
    let [a, b, c] = names.map(|name| {
        event(&format!("evt_{name}"), "payment_intent.succeeded", &format!("pi_{name}"), None)
    });
    // Twice in one group is once.
    assert_eq!(app.record(&[a.clone(), b.clone(), a.clone()]).await, [true, true, false]);
    assert!(app.record(&[]).await.is_empty());
    let forged = event("evt_b", "payment_intent.succeeded", "pi_c", None);
    assert_eq!(app.record(&[a, forged, c, b]).await, [false, false, true, false]);
    app.run_jobs().await;

    assert_eq!(app.balance(USER).await.available, 3 * 240);
    assert_eq!(app.count("provider_events WHERE state = 'applied'").await, 3);
    assert_eq!(app.count("jobs WHERE name = 'apply-event'").await, 3);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:event-body-differs:%'").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

// reliability.md: a file has one writer at a time
#[tokio::test]
async fn what_comes_while_others_write_is_written_together() {
    let app = TestApp::without_workers().await;
    let recorder = Recorder::start(&app.store, &app.context.dispatcher);
    let events: Vec<Value> =
        (0..12).map(|n| event(&format!("evt_{n}"), "charge.updated", REFERENCE, None)).collect();
    let record = |event: &Value| {
        let (recorder, delivery) = (recorder.clone(), app.delivery(event));
        tokio::spawn(async move { recorder.record(delivery).await.unwrap() })
    };
    let writing = app.store.db.begin().await.unwrap();
    let mut answers = vec![record(&events[0])];
    // So that it waits to be written before the others come.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    answers.extend(events[1..].iter().map(record));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    writing.commit().await.unwrap();
    for answer in answers {
        assert!(matches!(answer.await.unwrap(), Recorded::New(_)));
    }

    assert_eq!(app.count("provider_events").await, 12);
    // A group has one time; PostgreSQL keeps nobody waiting.
    let groups = app.count("(SELECT DISTINCT created_at FROM jobs WHERE name = 'apply-event') g");
    let groups = groups.await;
    assert!(app.store.db.backend() != DatabaseBackend::Sqlite || groups == 1, "{groups} groups");
    app.stop().await;
}

// accept set
#[tokio::test]
async fn unknown_kinds_long_ids_and_unicode_are_taken() {
    let app = TestApp::without_workers().await;
    let mut told = event("evt_kind", "invoice.paid", REFERENCE, None);
    told["data"]["object"] = json!({ "object": "invoice", "customer_name": "Zoë 株式会社 🦀" });
    assert_eq!(app.deliver(&told).await, 200);
    let long = format!("evt_{}", "x".repeat(251));
    assert_eq!(app.deliver(&event(&long, "payment_intent.created", REFERENCE, None)).await, 200);
    app.run_jobs().await;
    assert_eq!(app.events().await[0].state, State::Ignored);
    app.stop().await;
}

/// Ended ones for ninety days; what has not come to an end stays.
#[tokio::test]
async fn old_events_are_deleted_once_they_have_ended() {
    let day = Duration::from_hours(24);
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    app.pending_payment(Some(REFERENCE)).await;
    app.deliver(&event("evt_ended", "payment_intent.succeeded", REFERENCE, None)).await;
    app.run_jobs().await;
    app.deliver(&event("evt_open", "payment_intent.succeeded", "pi_unknown", None)).await;
    assert_eq!(app.count("provider_events").await, 2);

    let prune = || inbox::prune(&app.store, clock.now() - 90 * day);
    clock.advance(89 * day);
    assert_eq!(prune().await.unwrap(), 0);
    clock.advance(2 * day);
    let (one, other) = tokio::join!(prune(), prune());
    assert_eq!(one.unwrap() + other.unwrap(), 1, "two at once delete as much as one");
    assert_eq!(prune().await.unwrap(), 0, "and a later one nothing more");
    assert_eq!(app.events().await[0].event_id, "evt_open");
    app.stop().await;
}
