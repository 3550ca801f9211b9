//! Reconciliation: what never reached us is fetched once, and every gap is listed (`AC9.6.7`).

use std::{collections::BTreeSet, time::Duration};

use boot::Clock;
use entities::{Provider, payment::Status, reconciliation::State, reconciliation_gap::Kind};
use jobs::{Job, Reconcile};
use payments::reconciliations::{self, Found, Wish};
use sandbox::{Faults, Funding};
use serde_json::{Value, json};
use tests::{TestApp, USER, stripe::event};

const PAYMENTS: usize = 10;

/// Pays `PAYMENTS` times with each provider, while `percent` of all webhooks are lost.
async fn pay(app: &TestApp, percent: u8) -> Vec<entities::PaymentId> {
    app.sandbox.set_faults(Faults { drop_percent: percent, seed: 11, ..Faults::default() });
    let mut payments = Vec::new();
    for _ in 0..PAYMENTS {
        let (payment, reference) = app.begin(USER, "pm_card_visa").await;
        assert_eq!(app.confirm_at_stripe(&reference).await, 200);
        payments.push(payment);
        let (payment, order) = app.begin_paypal(USER).await;
        app.approve(&order, Funding::Balance);
        payments.push(payment);
    }
    app.sandbox.settle().await;
    payments
}

/// The schedule's job for both providers, and everything that follows.
async fn reconcile(app: &TestApp, tick: &str) -> Vec<Found> {
    for provider in [Provider::Stripe, Provider::Paypal] {
        let job = Reconcile { provider, window_seconds: 3_600, tick: tick.to_owned() };
        let txn = app.store.db.begin().await.unwrap();
        job.enqueue(&txn, app.store.clock.now()).await.unwrap();
        txn.commit().await.unwrap();
    }
    app.run_jobs().await;
    app.sandbox.settle().await;
    app.run_jobs().await;
    let page = reconciliations::page(&app.store, false, None, 2).await.unwrap();
    assert!(page.items.iter().all(|found| found.run.state == State::Done), "{page:?}");
    page.items
}

async fn listed(app: &TestApp, runs: &[Found]) -> BTreeSet<String> {
    let mut listed = BTreeSet::new();
    for found in runs {
        let gaps = reconciliations::gaps(&app.store, found.run.id, None, 500).await.unwrap();
        assert_eq!(i64::try_from(gaps.items.len()).unwrap(), found.gaps);
        let events = gaps.items.into_iter().filter(|(gap, _)| gap.kind == Kind::Event);
        listed.extend(events.map(|(gap, _)| gap.reference));
    }
    listed
}

// AC9.6.7: 20 % of webhooks dropped for both providers
#[tokio::test]
async fn lost_webhooks_of_both_providers_are_healed_and_each_gap_is_listed_once() {
    let app = TestApp::without_workers().await;
    let payments = pay(&app, 20).await;
    app.run_jobs().await;
    app.sandbox.settle().await;
    app.run_jobs().await;
    let before: BTreeSet<String> =
        app.events().await.into_iter().map(|event| event.event_id).collect();
    assert!(before.len() < PAYMENTS * 5, "some were lost");
    app.sandbox.set_faults(Faults::default());

    let first = reconcile(&app, "first").await;

    for payment in &payments {
        assert_eq!(app.payment(*payment).await.status, Status::Succeeded);
    }
    let credits = i64::try_from(payments.len()).unwrap() * 240;
    assert_eq!(app.balance(USER).await.available, credits);
    app.assert_ledger().await;
    // What was fetched is exactly what had not been delivered, and all of it is in the reports.
    let polled = app.events().await.into_iter();
    let polled = polled.filter(|event| event.source == entities::provider_event::Source::Poll);
    let polled: BTreeSet<String> = polled.map(|event| event.event_id).collect();
    assert!(!polled.is_empty() && polled.is_disjoint(&before));
    assert_eq!(listed(&app, &first).await, polled);

    let second = reconcile(&app, "second").await;
    assert!(second.iter().all(|found| found.gaps == 0), "a second run heals nothing: {second:?}");
    assert!(second.iter().all(|found| found.run.events > 0), "though it looked: {second:?}");
    assert_eq!(app.balance(USER).await.available, credits);
    app.stop().await;
}

/// No event ever tells: our own payment is asked about once it has rested for a while.
#[tokio::test]
async fn a_payment_of_ours_that_no_event_tells_of_is_asked_about() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    app.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    let (payment, reference) = app.begin(USER, "pm_card_visa").await;
    assert_eq!(app.confirm_at_stripe(&reference).await, 200);
    clock.advance(Duration::from_mins(3));
    // A window in which no event is: only the payment itself can say.
    let wish = Wish::Payment(payment);
    let (run, _) =
        reconciliations::ask(&app.store, Provider::Stripe, wish, "operator").await.unwrap();
    app.run_jobs().await;

    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    let gaps = reconciliations::gaps(&app.store, run.id, None, 10).await.unwrap().items;
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].0.kind, &*gaps[0].0.what), (Kind::Payment, "pending -> succeeded"));
    app.assert_ledger().await;
    app.stop().await;
}

/// The database refuses to let a payment succeed: as if the process died just then.
async fn refuse_success(app: &TestApp, refuse: bool) {
    let postgres = app.store.db.backend() == sea_orm::DatabaseBackend::Postgres;
    let sql = match (refuse, postgres) {
        (true, true) => {
            "CREATE TRIGGER broken BEFORE UPDATE ON payments FOR EACH ROW WHEN (NEW.status = \
             'succeeded') EXECUTE FUNCTION refuse_change()"
        }
        (true, false) => {
            "CREATE TRIGGER broken BEFORE UPDATE ON payments WHEN NEW.status = 'succeeded' BEGIN \
             SELECT RAISE(ABORT, 'broken'); END"
        }
        (false, true) => "DROP TRIGGER broken ON payments",
        (false, false) => "DROP TRIGGER broken",
    };
    app.execute(sql).await;
}

/// The payer had agreed and no event told: it is collected, and before the answer is written down
/// the process dies. The webhook about the money heals it; the gap is listed all the same.
#[tokio::test]
async fn a_gap_is_listed_though_the_process_dies_while_it_is_healed() {
    let app = TestApp::without_workers().await;
    app.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    let (payment, order) = app.begin_paypal(USER).await;
    app.approve(&order, Funding::Balance);
    app.sandbox.settle().await;
    let wish = Wish::Payment(payment);
    let (run, _) =
        reconciliations::ask(&app.store, Provider::Paypal, wish, "operator").await.unwrap();
    refuse_success(&app, true).await;
    app.run_jobs().await;
    refuse_success(&app, false).await;
    assert_ne!(app.payment(payment).await.status, Status::Succeeded);

    app.sandbox.set_faults(Faults::default());
    let events = app.sandbox.paypal().events();
    let told = events.iter().find(|event| event["event_type"] == "PAYMENT.CAPTURE.COMPLETED");
    let told = told.expect("it was collected")["id"].as_str().unwrap();
    assert!(app.sandbox.paypal().redeliver(told));
    app.sandbox.settle().await;
    app.run_jobs().await;
    assert_eq!(app.payment(payment).await.status, Status::Succeeded, "healed by its webhook");
    app.execute("UPDATE jobs SET run_at = 0 WHERE state = 'queued'").await;
    app.run_jobs().await;

    let found = reconciliations::find(&app.store, run.id).await.unwrap().unwrap();
    assert_eq!((found.run.state, found.gaps), (State::Done, 1));
    let gaps = reconciliations::gaps(&app.store, run.id, None, 10).await.unwrap().items;
    assert!(gaps[0].0.what.ends_with("-> agreed, not collected"), "{gaps:?}");
    assert_eq!(app.balance(USER).await.available, 240);
    app.assert_ledger().await;
    app.stop().await;
}

/// The schedule's job of the night for both providers: it goes back further than providers keep
/// events.
async fn nightly(app: &TestApp, tick: &str) -> Vec<Found> {
    for provider in [Provider::Stripe, Provider::Paypal] {
        let job = Reconcile { provider, window_seconds: 35 * 86_400, tick: tick.to_owned() };
        let txn = app.store.db.begin().await.unwrap();
        job.enqueue(&txn, app.store.clock.now()).await.unwrap();
        txn.commit().await.unwrap();
    }
    app.run_jobs().await;
    let page = reconciliations::page(&app.store, false, None, 2).await.unwrap();
    assert!(page.items.iter().all(|found| found.run.state == State::Done), "{page:?}");
    page.items
}

/// Of a dispute that was decided while no webhook reached us the providers' events tell, or, once
/// those are gone, the dispute itself.
#[tokio::test]
async fn disputes_of_both_providers_are_asked_about_until_they_are_decided() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    let (_, intent) = app.buy(USER, "pm_card_visa").await;
    let (_, order) = app.buy_paypal(USER, Funding::Balance).await;
    let stripe = app.sandbox.dispute(&intent, "fraudulent").unwrap();
    let paypal = app.sandbox.paypal().dispute(&order, "UNAUTHORISED").unwrap();
    app.catch_up().await;
    assert_eq!(app.balance(USER).await.held, 480);
    app.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    assert!(app.sandbox.decide_dispute(&stripe, true));
    assert!(app.sandbox.paypal().decide_dispute(&paypal, false));
    app.sandbox.settle().await;
    clock.advance(Duration::from_hours(40 * 24));

    let found = nightly(&app, "first").await;

    assert!(found.iter().all(|found| found.run.events == 0 && found.gaps == 1), "{found:?}");
    for found in &found {
        let gaps = reconciliations::gaps(&app.store, found.run.id, None, 9).await.unwrap().items;
        let end = if found.run.provider == Provider::Stripe { "won" } else { "lost" };
        let what = format!("needs_response -> {end}");
        assert_eq!((gaps[0].0.kind, &gaps[0].0.what), (Kind::Dispute, &what));
    }
    assert_eq!(app.balance(USER).await.available, 240);
    assert_eq!(app.balance(USER).await.held, 0);
    assert_eq!(app.in_account("clearing:stripe").await, 16_000, "the bank gave it back");
    assert_eq!(app.in_account("clearing:paypal").await, 0);
    let second = nightly(&app, "second").await;
    assert!(second.iter().all(|found| found.gaps == 0), "a second run heals nothing: {second:?}");
    app.assert_ledger().await;
    app.stop().await;
}

/// Webhooks about disputes that were dropped are fetched like any other.
#[tokio::test]
async fn lost_webhooks_about_disputes_are_healed() {
    let app = TestApp::without_workers().await;
    let (_, intent) = app.buy(USER, "pm_card_visa").await;
    let (_, order) = app.buy_paypal(USER, Funding::Balance).await;
    app.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    let stripe = app.sandbox.dispute(&intent, "fraudulent").unwrap();
    let paypal = app.sandbox.paypal().dispute(&order, "UNAUTHORISED").unwrap();
    assert!(app.sandbox.decide_dispute(&stripe, false));
    assert!(app.sandbox.paypal().decide_dispute(&paypal, true));
    app.sandbox.settle().await;
    app.sandbox.set_faults(Faults::default());

    let first = reconcile(&app, "first").await;

    assert!(first.iter().all(|found| found.gaps > 0), "{first:?}");
    assert_eq!(app.count("disputes WHERE state IN ('won', 'lost')").await, 2);
    assert_eq!(app.balance(USER).await.available, 240);
    assert_eq!(app.in_account("clearing:stripe").await, 0);
    assert_eq!(app.in_account("clearing:paypal").await, 16_000);
    let second = reconcile(&app, "second").await;
    assert!(second.iter().all(|found| found.gaps == 0), "a second run heals nothing: {second:?}");
    app.assert_ledger().await;
    app.stop().await;
}

/// Events that are late are told of once a day, however many runs find some.
#[tokio::test]
async fn missed_and_stuck_events_are_told_of_once_a_day() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    pay(&app, 100).await;
    clock.advance(Duration::from_mins(4));
    assert!(reconcile(&app, "first").await.iter().all(|found| found.gaps > 0));
    let day = || clock.now().seconds() / (24 * 60 * 60);
    let first = day();
    pay(&app, 100).await;
    clock.advance(Duration::from_mins(4));
    reconcile(&app, "second").await;
    let missed = "jobs WHERE name = 'alert' AND dedup_key LIKE 'webhooks-missed:%'";
    // Midnight may lie between the two.
    let days = 1 + day() - first;
    assert_eq!(app.count(missed).await, 2 * days, "one for each provider, a day");

    app.execute("UPDATE provider_events SET state = 'received'").await;
    clock.advance(Duration::from_mins(20));
    reconcile(&app, "third").await;
    let stuck = "jobs WHERE name = 'alert' AND dedup_key LIKE 'events-stuck:%'";
    assert_eq!(app.count(stuck).await, 1);
    app.stop().await;
}

async fn staff(app: &TestApp, verb: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let token = app.staff("eve", "finance");
    let path = format!("/api/v1/admin/{path}");
    let asked = app.ask(Some(&token), verb, &path, body.as_ref()).await;
    (asked.status, asked.body["data"].clone())
}

/// One payment, one event, a span of time: asked for through the API, and read there.
#[tokio::test]
async fn the_desk_syncs_a_payment_an_event_and_a_range() {
    let app = TestApp::without_workers().await;
    let payments = pay(&app, 100).await;
    let lost = app.sandbox.paypal().events();
    let lost = lost.iter().find(|event| event["event_type"] == "CHECKOUT.ORDER.APPROVED").unwrap();
    app.sandbox.set_faults(Faults::default());
    let sync = async |wish: Value| {
        let (status, data) = staff(&app, "POST", "reconciliation", Some(wish)).await;
        assert_eq!(status, 202, "{data}");
        app.run_jobs().await;
        let id = data["runs"][0]["reconciliationId"].as_str().unwrap().to_owned();
        let (_, report) = staff(&app, "GET", &format!("reconciliation/{id}"), None).await;
        assert_eq!(report["run"]["status"], "done", "{report}");
        report
    };

    let report = sync(json!({ "transactionId": payments[0].to_string() })).await;
    assert_eq!(app.payment(payments[0]).await.status, Status::Succeeded);
    assert_eq!(report["gaps"]["items"][0]["what"], "pending -> succeeded");
    assert_eq!(report["run"]["askedBy"], "user:eve");

    let report = sync(json!({ "eventId": lost["id"], "provider": "paypal" })).await;
    assert_eq!(report["gaps"]["items"][0]["what"], "CHECKOUT.ORDER.APPROVED");
    assert_eq!(report["gaps"]["items"][0]["reference"], lost["id"]);

    let from = (app.store.clock.now() - Duration::from_hours(1)).to_string();
    for provider in ["stripe", "paypal"] {
        let report = sync(json!({ "from": from, "provider": provider })).await;
        assert!(report["run"]["gaps"].as_i64().unwrap() >= 9, "{report}");
    }
    for payment in &payments {
        assert_eq!(app.payment(*payment).await.status, Status::Succeeded);
    }
    let (_, page) = staff(&app, "GET", "reconciliation?gaps=true&limit=2", None).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    for wrong in [json!({}), json!({ "from": "x" }), json!({ "eventId": "evt_1" })] {
        assert_eq!(staff(&app, "POST", "reconciliation", Some(wrong)).await.0, 400);
    }
    app.assert_ledger().await;
    app.stop().await;
}

/// A dry run shows status, ledger and mails, and writes nothing; then it is done for good.
#[tokio::test]
async fn a_replay_shows_what_would_change_before_it_does() {
    let app = TestApp::without_workers().await;
    app.pending_payment(Some("pi_replay")).await;
    let told = event("evt_replay", "payment_intent.succeeded", "pi_replay", None);
    assert_eq!(app.deliver(&told).await, 200);
    let id = app.events().await[0].id;
    let path = format!("events/{id}/replay");
    let counts = async || {
        let mut counts = Vec::new();
        for table in ["jobs", "ledger_entries", "audit_log", "credit_lots", "invoices", "mails"] {
            counts.push(app.count(table).await);
        }
        counts
    };
    let before = counts().await;

    let (status, shown) = staff(&app, "POST", &path, Some(json!({ "dryRun": true }))).await;

    assert_eq!((status, &shown["outcome"]), (200, &json!("changes")), "{shown}");
    let changes = &shown["changes"];
    assert_eq!(
        (&changes["status"], &changes["statusAfter"]),
        (&json!("pending"), &json!("succeeded"))
    );
    assert_eq!(changes["jobs"], json!(["send-receipt"]));
    let credits = changes["ledger"].as_array().unwrap().iter();
    let credits = credits.filter(|leg| leg["asset"] == "credits" && leg["amount"] == 240);
    assert!(credits.count() >= 1, "{changes}");
    assert_eq!(counts().await, before, "nothing was written");

    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240);
    let (_, shown) = staff(&app, "POST", &path, Some(json!({ "dryRun": true }))).await;
    assert_eq!((&shown["changes"]["ledger"], &shown["changes"]["jobs"]), (&json!([]), &json!([])));
    let (status, shown) = staff(&app, "POST", &path, Some(json!({ "dryRun": false }))).await;
    assert_eq!((status, &shown["outcome"]), (200, &json!("queued")));
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240, "what it did once stays done once");
    assert_eq!(app.count("audit_log WHERE action = 'event.replay'").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

/// An event that died before its payment was known is applied when it is replayed.
#[tokio::test]
async fn a_dead_event_lives_again() {
    let app = TestApp::without_workers().await;
    let told = event("evt_dead", "payment_intent.succeeded", "pi_dead", None);
    assert_eq!(app.deliver(&told).await, 200);
    app.execute("UPDATE provider_events SET parks = 5").await;
    app.run_jobs().await;
    assert_eq!(app.count("provider_events WHERE state = 'dead'").await, 1);
    let id = app.events().await[0].id;
    let path = format!("events/{id}/replay");
    let (_, shown) = staff(&app, "POST", &path, Some(json!({ "dryRun": true }))).await;
    assert_eq!(shown["detail"], "no payment of ours fits");

    app.pending_payment(Some("pi_dead")).await;
    staff(&app, "POST", &path, Some(json!({ "dryRun": false }))).await;
    app.run_jobs().await;

    assert_eq!(app.count("provider_events WHERE state = 'applied'").await, 1);
    assert_eq!(app.balance(USER).await.available, 240);
    app.assert_ledger().await;
    app.stop().await;
}
