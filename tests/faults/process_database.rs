//! The database fails: the provider is told to come back, in time, and never that we have what we
//! do not have.

use std::time::{Duration, Instant};

use reqwest::Client;
use sea_orm::ConnectionTrait;
use tests::{
    chaos::{CommitCut, Fault, Proxy, Scene, after},
    process::{Postgres, RedisServer, Role, Stage, http},
    stripe,
};

/// The longest a provider may wait for an answer while the database is away; the promise is 3 s,
/// and the machine may be busy.
const ANSWERED_WITHIN: Duration = Duration::from_millis(3_300);

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_refused_in_time_while_the_database_is_away() {
    let postgres = Postgres::start().await;
    let way = Proxy::before(postgres.port()).await;
    let mut stage = Stage::on(&postgres).await;
    stage.set("DATABASE_URL", &stage.database_through(way.port()));
    let ingress = stage.start(Role::Both, "quittance").await;
    let http = client();

    assert_eq!(deliver(&http, &ingress.base(), "evt_before").await.0, 200);
    for fault in [Fault::Refuse, Fault::BlackHole] {
        way.set(fault);
        // The first ones meet connections that were good a moment ago.
        for round in 0..3 {
            let (status, took) =
                deliver(&http, &ingress.base(), &format!("evt_{fault:?}_{round}")).await;
            assert_eq!(status, 503, "{fault:?}");
            assert!(took < ANSWERED_WITHIN, "{fault:?}: {took:?}");
        }
        assert!(!ingress.is_ready().await);
        way.set(Fault::None);
        comes_back(&http, &ingress.base(), &format!("evt_{fault:?}_after")).await;
    }
    postgres.pause();
    let (status, took) = deliver(&http, &ingress.base(), "evt_paused").await;
    postgres.resume();
    assert_eq!(status, 503);
    assert!(took < ANSWERED_WITHIN, "{took:?}");
    comes_back(&http, &ingress.base(), "evt_last").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_refused_in_time_while_every_connection_is_stuck() {
    let postgres = Postgres::start().await;
    let mut stage = Stage::on(&postgres).await;
    stage.settings("[database]\nmax_connections = 3\n");
    let program = stage.start(Role::Both, "quittance").await;
    let (http, base) = (client(), program.base());
    assert_eq!(deliver(&http, &base, "evt_free").await.0, 200);

    let store = stage.store().await;
    let lock = store.db.begin().await.unwrap();
    let exclusive = "LOCK TABLE provider_events, jobs, leases IN ACCESS EXCLUSIVE MODE";
    lock.execute_unprepared(exclusive).await.unwrap();
    let crowd = (0..40).map(|index| {
        let (http, base) = (http.clone(), base.clone());
        tokio::spawn(async move { deliver(&http, &base, &format!("evt_stuck_{index}")).await })
    });
    for answer in crowd.collect::<Vec<_>>() {
        let (status, took) = answer.await.unwrap();
        assert_eq!(status, 503);
        assert!(took < ANSWERED_WITHIN, "{took:?}");
    }
    lock.rollback().await.unwrap();
    comes_back(&http, &base, "evt_stuck_0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_commit_loses_nothing_and_doubles_nothing() {
    let (postgres, redis) = (Postgres::start().await, RedisServer::start().await);
    let way = Proxy::before(postgres.port()).await;
    let mut stage = Stage::on(&postgres).await.carried_by(&redis);
    stage.set("DATABASE_URL", &stage.database_through(way.port()));
    let mut scene = Scene::over(stage, postgres, redis, 2).await;

    let load = scene.load(400, 150).await;
    for events in [50, 150, 250, 350, 450, 550, 650] {
        after(&load, events).await;
        way.cut_commits(CommitCut::Before, 2);
        way.cut_commits(CommitCut::After, 2);
    }
    scene.settle(load).await;
    assert!(way.commits_cut() >= 20, "only {} connections were broken", way.commits_cut());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_dies_under_load_loses_nothing() {
    let mut scene = Scene::with_workers(2).await;
    let load = scene.load(400, 150).await;
    for events in [100, 300, 500] {
        after(&load, events).await;
        scene.postgres.kill();
        scene.postgres.start_again().await;
    }
    let delivered = scene.settle(load).await;
    assert!(delivered.statuses.contains_key(&503), "it was noticed: {:?}", delivered.statuses);
}

fn client() -> Client {
    http().build().unwrap()
}

async fn comes_back(http: &Client, base: &str, event: &str) {
    let back = tests::process::within(Duration::from_secs(20), async || {
        deliver(http, base, event).await.0 == 200
    });
    assert!(back.await, "webhooks are taken again");
}

/// Delivers an event once: the status, and how long the answer took.
async fn deliver(http: &Client, base: &str, event: &str) -> (u16, Duration) {
    let body = stripe::event(event, "payment_intent.created", "pi_none", None).to_string();
    let begun = Instant::now();
    let answer = stripe::deliver(http, base, tests::SECRET, body).await.unwrap();
    (answer.status().as_u16(), begun.elapsed())
}
