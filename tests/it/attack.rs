//! Attacks: what stands still, for how long, and what goes on (`AC9.3.7`).

use std::time::Duration;

use boot::Clock;
use entities::{Provider, Timestamp, control::State, payment, refund};
use futures_util::{StreamExt, stream};
use payments::{
    breaker::{self, Signal},
    controls,
    core::Alarms,
};
use serde_json::json;
use tests::{TestApp, USER, stripe::event};

/// How many signatures are forged.
const FORGED: usize = 10_000;

/// Payments that are paid meanwhile.
const PAID: usize = 20;

/// The promise: from payment to credits.
const PROMISE: Duration = Duration::from_mins(5);

const TOLD: &str = "mails WHERE occasion LIKE 'alert:attack:%'";

// AC9.3.7
#[tokio::test]
async fn ten_thousand_forged_signatures_hold_back_refunds_and_nothing_else() {
    let app = TestApp::watched_running().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    app.await_balance(USER, 240).await;
    let request = app.ask_refund(USER, payment).await;

    let forge = |n: usize| {
        let app = &app;
        async move {
            let body = format!("{{\"id\":\"evt_{n}\"}}").into_bytes();
            let signature = format!("t={},v1={}", 1_790_000_000 + n, "0".repeat(64));
            app.deliver_raw(&[("stripe-signature", &signature)], body).await.0
        }
    };
    let forged = async {
        let answers = stream::iter(0..FORGED).map(forge).buffer_unordered(64);
        let accepted = answers.filter(|status| std::future::ready(*status < 400)).count();
        assert_eq!(accepted.await, 0);
    };
    let started = std::time::Instant::now();
    let paid = async {
        for n in 0..PAID {
            let reference = format!("pi_under_attack_{n}");
            app.pending_payment(Some(&reference)).await;
            let told =
                event(&format!("evt_true_{n}"), "payment_intent.succeeded", &reference, None);
            assert_eq!(app.deliver(&told).await, 200);
        }
    };
    tokio::join!(forged, paid);
    app.until(async || app.balance(USER).await.available == 240 * i64::try_from(PAID).unwrap())
        .await;
    assert!(started.elapsed() < PROMISE);

    app.until(async || app.is_paused("refunds").await).await;
    for scope in ["all", "events", "money", "mail", "upkeep"] {
        assert!(!app.is_paused(scope).await, "{scope}");
    }
    app.until(async || app.count(&format!("{TOLD} AND state = 'sent'")).await == 1).await;
    assert_eq!(app.count(TOLD).await, 1, "once, not once for each");
    assert_eq!(app.count("attacks").await, 1);
    assert_eq!(app.count("audit_log WHERE action = 'control.pause'").await, 1);
    // An approved refund waits, and goes with one click.
    assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    app.until(async || app.count("mails WHERE occasion LIKE 'refund:approved:%'").await == 1).await;
    assert_eq!(app.refunds().await[0].state, refund::State::Reserved);
    controls::set(&app.store, "refunds", State::Running, "seen to", "eve", None).await.unwrap();
    app.until(async || app.payment(payment).await.status == payment::Status::Refunded).await;
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_strangers_can_fake_holds_refunds_back_for_minutes_and_not_again_soon() {
    let clock = Clock::manual(Timestamp::from_seconds(1_790_000_000));
    let app = TestApp::with_clock(clock.clone()).await;
    let pauses = Alarms::USUAL.pauses;
    let report = async |signal| {
        let told = breaker::report(&app.store, signal, 300, "a test", &pauses).await.unwrap();
        app.run_jobs().await;
        told.is_some()
    };
    assert!(report(Signal::ForgedSignatures).await, "an admin is told");
    assert!(app.is_paused("refunds").await && !app.is_paused("events").await);
    for _ in 0..5 {
        clock.advance(Duration::from_mins(1));
        assert!(!report(Signal::ForgedSignatures).await, "one episode is told of once");
    }
    clock.advance(Duration::from_mins(5) + Duration::from_secs(1));
    assert!(!app.is_paused("refunds").await, "it ends by itself");
    // Another signal, and the same again after a quiet while: told, but no second pause so soon.
    assert!(report(Signal::CardTesting).await);
    assert!(!app.is_paused("refunds").await);
    clock.advance(Duration::from_mins(20));
    assert!(report(Signal::ForgedSignatures).await, "a new episode");
    assert!(!app.is_paused("refunds").await);
    clock.advance(Duration::from_hours(1));
    assert!(report(Signal::SignInFailures).await);
    assert!(app.is_paused("refunds").await);
    // What takes a fault of ours stands until a person resumes it, and then a new one is told of.
    assert!(report(Signal::DoubleGrant).await);
    clock.advance(Duration::from_hours(24));
    assert!(app.is_paused("refunds").await && app.is_paused("events").await);
    controls::set(&app.store, "events", State::Running, "seen to", "eve", None).await.unwrap();
    assert!(!app.is_paused("events").await);
    assert!(report(Signal::DoubleGrant).await);
    assert!(app.is_paused("events").await);
    app.stop().await;
}

#[tokio::test]
async fn signed_events_that_contradict_our_rows_stop_grants_until_a_person_resumes() {
    let app = TestApp::watched_with(|file| file.breaker.contradictions_per_hour = 3).await;
    for n in 0..3 {
        assert!(!app.is_paused("events").await, "{n}");
        let reference = format!("pi_wrong_{n}");
        app.pending_payment(Some(&reference)).await;
        let mut wrong = event(&format!("evt_{n}"), "payment_intent.succeeded", &reference, None);
        wrong["data"]["object"]["amount"] = json!(1);
        wrong["data"]["object"]["amount_received"] = json!(1);
        assert_eq!(app.deliver(&wrong).await, 200);
        app.run_jobs().await;
    }
    assert!(app.is_paused("events").await && app.is_paused("refunds").await);
    assert_eq!(app.count(TOLD).await, 1);

    app.pending_payment(Some("pi_true")).await;
    let told = event("evt_true", "payment_intent.succeeded", "pi_true", None);
    assert_eq!(app.deliver(&told).await, 200, "webhooks are taken in whatever happens");
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 0);
    for scope in ["events", "refunds"] {
        controls::set(&app.store, scope, State::Running, "seen to", "eve", None).await.unwrap();
    }
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240);
    assert_eq!(app.payment_of(USER).await.provider, Provider::Stripe);
    app.stop().await;
}
