//! The queue: retries, dead letters, and what a person does with them (`002-SF3`).

use std::time::Duration;

use boot::{
    Clock,
    sql::{WriteError, Writes},
};
use entities::{Provider, Timestamp, job::State};
use futures_util::future::join_all;
use jobs::{
    Alert, Job, NewJob, Prune, Reconcile, SendReceipt,
    queue::{self, Claim, Filter},
};
use payments::reviews;
use redis::AsyncCommands;
use sandbox::Faults;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use tests::{TestApp, samples::Samples};

async fn enqueue(app: &TestApp, job: NewJob) -> entities::JobId {
    let txn = app.store.db.begin().await.unwrap();
    let now = app.store.clock.now();
    let enqueued = queue::insert(&txn, vec![job], now).await.unwrap();
    txn.commit().await.unwrap();
    enqueued[0].id
}

async fn job(app: &TestApp, id: entities::JobId) -> entities::job::Model {
    let filter = Filter { id: Some(id), ..Filter::default() };
    queue::list(&app.store.db, &filter, 1).await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_job_that_cannot_be_done_is_buried_with_an_alert_and_can_be_run_again() {
    let app = TestApp::without_workers().await;
    let now = app.store.clock.now();
    let receipt = SendReceipt { payment_id: entities::PaymentId::new() };
    let id = enqueue(&app, NewJob::of(&receipt, now)).await;

    app.run_jobs().await;

    let dead = job(&app, id).await;
    assert_eq!((dead.state, dead.attempts), (State::Dead, 1));
    assert!(dead.last_error.unwrap().contains("has no receipt"));
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dead-job:%'").await, 1);

    let filter = Filter { id: Some(id), ..Filter::default() };
    let txn = app.store.db.begin().await.unwrap();
    let requeued = queue::requeue(&txn, &filter, app.store.clock.now()).await.unwrap();
    txn.commit().await.unwrap();
    assert_eq!(requeued.jobs.len(), 1);
    assert_eq!(job(&app, id).await.state, State::Queued);

    let txn = app.store.db.begin().await.unwrap();
    queue::cancel(&txn, &filter, app.store.clock.now()).await.unwrap();
    txn.commit().await.unwrap();
    app.run_jobs().await;
    assert_eq!(job(&app, id).await.state, State::Cancelled);
    app.stop().await;
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_later_until_the_job_is_dead() {
    let clock = Clock::manual(Timestamp::from_seconds(1_790_000_000));
    let app = TestApp::with_clock(clock.clone()).await;
    app.sandbox.set_faults(Faults { fail_api_percent: 100, ..Faults::default() });
    let reconcile =
        Reconcile { provider: Provider::Stripe, window_seconds: 60, tick: "test".to_owned() };
    let id = enqueue(&app, NewJob::of(&reconcile, clock.now())).await;

    app.run_jobs().await;
    let failed = job(&app, id).await;
    assert_eq!((failed.state, failed.attempts), (State::Queued, 1));
    assert!(failed.run_at > clock.now(), "it waits");
    for _ in 0..Reconcile::MAX_ATTEMPTS {
        clock.advance(Duration::from_hours(1));
        app.run_jobs().await;
    }
    assert_eq!(job(&app, id).await.state, State::Dead);
    app.stop().await;
}

#[tokio::test]
async fn equal_jobs_are_one() {
    let app = TestApp::without_workers().await;
    let now = app.store.clock.now();
    let alert = Alert { kind: "test".to_owned(), subject: "x".to_owned(), detail: "y".to_owned() };
    let txn = app.store.db.begin().await.unwrap();
    assert!(alert.enqueue(&txn, now).await.unwrap().is_some());
    assert!(alert.enqueue(&txn, now).await.unwrap().is_none());
    txn.commit().await.unwrap();
    assert_eq!(app.count("jobs").await, 1);
    app.stop().await;
}

/// Every process has the schedules and ticks; the tick is part of the job's key.
#[tokio::test]
async fn what_many_processes_ask_for_at_one_tick_runs_once() {
    let app = TestApp::without_workers().await;
    let now = app.store.clock.now();
    let ask = async |tick: &str| {
        let txn = app.store.db.begin().await.unwrap();
        let job = Prune { tick: tick.to_owned() };
        let asked = job.enqueue(&txn, now).await.unwrap();
        txn.commit().await.unwrap();
        asked.is_some()
    };
    let asked = join_all((0..8).map(|_| ask("prune:1790000000"))).await;
    assert_eq!(asked.iter().filter(|new| **new).count(), 1);
    app.run_jobs().await;
    assert!(!ask("prune:1790000000").await, "not even after it was done");
    assert!(ask("prune:1790086400").await, "the next tick is another job");
    app.stop().await;
}

#[tokio::test]
async fn a_job_whose_worker_died_is_taken_over_and_the_dead_one_is_not_heard() {
    let clock = Clock::manual(Timestamp::from_seconds(1_790_000_000));
    let app = TestApp::with_clock(clock.clone()).await;
    let alert = Alert { kind: "test".to_owned(), subject: "x".to_owned(), detail: "y".to_owned() };
    let id = enqueue(&app, NewJob::of(&alert, clock.now())).await;
    let claim = |worker| Claim { lane: Alert::LANE, worker, now: clock.now() };
    let db = &app.store.db;

    let first = queue::claim_one(db, claim("one"), id).await.unwrap().unwrap();
    assert!(queue::claim_one(db, claim("two"), id).await.unwrap().is_none(), "it is leased");
    clock.advance(queue::lease(Alert::LANE) + Duration::from_secs(1));
    let second = queue::claim_one(db, claim("two"), id).await.unwrap().unwrap();
    assert_eq!(second.attempts, 2);

    let txn = db.begin().await.unwrap();
    assert!(queue::done(&txn, std::slice::from_ref(&first), clock.now()).await.is_err());
    txn.rollback().await.unwrap();
    let txn = db.begin().await.unwrap();
    queue::done(&txn, std::slice::from_ref(&second), clock.now()).await.unwrap();
    txn.commit().await.unwrap();
    app.stop().await;
}

#[tokio::test]
async fn what_is_written_together_is_written_as_a_whole_or_not_at_all() {
    let app = TestApp::without_workers().await;
    let (db, now) = (&app.store.db, app.store.clock.now());
    let alert = |subject: &str| {
        let (kind, detail) = ("test".to_owned(), "x".to_owned());
        NewJob::of(&Alert { kind, subject: subject.to_owned(), detail }, now)
    };
    let mut ours = Vec::new();
    for subject in ["one", "two"] {
        let id = enqueue(&app, alert(subject)).await;
        let claim = Claim { lane: Alert::LANE, worker: "us", now };
        ours.push(queue::claim_one(db, claim, id).await.unwrap().unwrap());
    }
    let mut lost = ours.clone();
    lost[1].attempts += 1;
    for (jobs, kept) in [(lost, 2), (ours, 3)] {
        let mut writes = Writes::new();
        queue::stage_insert(&mut writes, vec![alert("three"), alert("one")], now);
        queue::stage_done(&mut writes, &jobs, now);
        let txn = db.begin().await.unwrap();
        match writes.execute(&txn).await {
            Ok(written) => {
                assert_eq!((kept, written), (3, vec![1, 2]), "one was there already");
                txn.commit().await.unwrap();
            }
            Err(error) => {
                assert!(matches!(error, WriteError::Missed { wanted: 2, written: 1 }), "{error:?}");
                txn.rollback().await.unwrap();
            }
        }
        assert_eq!(app.count("jobs").await, kept);
        let done = app.count("jobs WHERE state = 'done'").await;
        assert_eq!(done, if kept == 3 { 2 } else { 0 });
    }
    app.stop().await;
}

#[tokio::test]
async fn a_paused_lane_stands_still_and_ingest_does_not() {
    let app = TestApp::without_workers().await;
    let set =
        |state| payments::controls::set(&app.store, "events", state, "test", "operator", None);
    set(entities::control::State::Paused).await.unwrap();
    app.pending_payment(Some("pi_paused")).await;
    let told = tests::stripe::event("evt_p", "payment_intent.succeeded", "pi_paused", None);
    assert_eq!(app.deliver(&told).await, 200);
    app.run_jobs().await;
    assert_eq!(app.balance(tests::USER).await.available, 0);
    set(entities::control::State::Running).await.unwrap();
    app.run_jobs().await;
    assert_eq!(app.balance(tests::USER).await.available, 240);
    app.stop().await;
}

/// Every entry of the worker's table runs; a job that is asked for and not in it would be buried.
#[tokio::test]
async fn one_job_of_each_kind_is_drained() {
    let app = TestApp::without_workers().await;
    let payment = app.pending_payment(Some("pi_each")).await;
    let told = tests::stripe::event("evt_each", "payment_intent.succeeded", "pi_each", None);
    assert_eq!(app.deliver(&told).await, 200);
    app.run_jobs().await;
    let samples = Samples { paid: payment.id, over: payment.id };
    samples.refund(&app.store).await;
    let disputes = [app.disputed("carl").await, app.disputed("dora").await];
    Samples::answer(&app.store, &disputes).await;
    let now = app.store.clock.now();
    let (rule, detail) = ("amount-mismatch", "test".to_owned());
    let case = reviews::Case { payment_id: payment.id, rule, detail, event_id: None };
    let txn = app.store.db.begin().await.unwrap();
    let review = reviews::open(&txn, vec![case], now).await.unwrap().remove(0).0;
    txn.commit().await.unwrap();
    reviews::contact(&app.store, "eve", review, "was it you?").await.unwrap().unwrap();
    let txn = app.store.db.begin().await.unwrap();
    queue::insert(&txn, samples.jobs(now), now).await.unwrap();
    txn.commit().await.unwrap();
    samples.look(&app.store).await;

    app.run_jobs().await;

    for entry in worker::JOBS {
        let done = format!("jobs WHERE name = '{}' AND state = 'done'", entry.name);
        assert!(app.count(&done).await >= 1, "{}", entry.name);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_bad_job_in_a_batch_does_not_hold_the_others() {
    let clock = Clock::manual(Timestamp::from_seconds(1_790_000_000));
    let app = TestApp::with_clock(clock.clone()).await;
    app.pending_payment(Some("pi_good")).await;
    let bad = tests::stripe::event("evt_bad", "payment_intent.succeeded", "pi_bad", None);
    let good = tests::stripe::event("evt_good", "payment_intent.succeeded", "pi_good", None);
    assert_eq!((app.deliver(&bad).await, app.deliver(&good).await), (200, 200));
    let events = app.events().await;
    let bad = events.iter().find(|event| event.event_id == "evt_bad").unwrap().id;
    let broken = format!("UPDATE jobs SET payload = '{{}}' WHERE payload LIKE '%{bad}%'");
    let txn = app.store.db.begin().await.unwrap();
    assert_eq!(txn.execute_unprepared(&broken).await.unwrap().rows_affected(), 1);
    txn.commit().await.unwrap();

    app.run_jobs().await;

    assert_eq!(app.balance(tests::USER).await.available, 240);
    let tries = i32::try_from(jobs::ApplyEvent::MAX_ATTEMPTS).unwrap();
    for _ in 0..=tries {
        clock.advance(Duration::from_hours(4));
        app.run_jobs().await;
    }
    assert_eq!(app.count("jobs WHERE state = 'dead'").await, 1);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dead-job:%'").await, 1);
    app.stop().await;
}

/// apalis-redis keeps every ticket it ever carried; Redis would fill up within weeks.
#[tokio::test]
async fn tickets_that_were_taken_are_forgotten() {
    let app = TestApp::start().await;
    let Some(url) = &app.config.redis_url else {
        return app.stop().await; // In memory there is nothing to forget.
    };
    let client = redis::Client::open(url.expose_secret()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let data = format!("{{{}:mail}}:data", app.prefix);
    let mut seen = 0_usize;
    for subject in 0..20 {
        let subject = subject.to_string();
        let alert = Alert { kind: "test".to_owned(), subject, detail: "y".to_owned() };
        let enqueued = {
            let txn = app.store.db.begin().await.unwrap();
            let enqueued = alert.enqueue(&txn, app.store.clock.now()).await.unwrap();
            txn.commit().await.unwrap();
            enqueued
        };
        app.context.dispatcher.announce(enqueued.into_iter().collect());
        seen = seen.max(redis.hlen(&data).await.unwrap());
    }
    app.until(async || app.count("jobs WHERE state = 'done'").await == 20).await;
    seen = seen.max(redis.hlen(&data).await.unwrap());
    assert!(seen > 0, "they went through Redis");
    app.until(async || redis.clone().hlen::<_, usize>(&data).await.unwrap() == 0).await;
    app.stop().await;
}

// design §4: without tickets the sweeper suffices
#[tokio::test]
async fn jobs_that_nobody_announced_are_swept_up() {
    let app = TestApp::start().await;
    let alert = Alert { kind: "test".to_owned(), subject: "x".to_owned(), detail: "y".to_owned() };
    let id = enqueue(&app, NewJob::of(&alert, app.store.clock.now())).await;
    app.until(async || job(&app, id).await.state == State::Done).await;
    app.stop().await;
}
