//! Redis fails: nothing is lost, ingest goes on as before, and the backlog is gone soon after.

use std::time::Duration;

use entities::provider_event;
use sea_orm::EntityTrait;
use tests::{
    chaos::{Failure, Fault, Proxy, Scene, after, outage},
    process::{Postgres, RedisServer, Role, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_when_redis_is_emptied_or_refuses_to_write_or_starts_anew() {
    let mut scene = Scene::with_workers(2).await;
    let load = scene.load(900, 200).await;
    for events in [100, 200] {
        after(&load, events).await;
        scene.redis.command("FLUSHALL").await;
    }
    after(&load, 300).await;
    scene.redis.command("CONFIG SET maxmemory 1").await;
    after(&load, 700).await;
    scene.redis.command("CONFIG SET maxmemory 0").await;
    after(&load, 800).await;
    scene.redis.command("REPLICAOF 127.0.0.1 1").await;
    after(&load, 1_100).await;
    scene.redis.command("REPLICAOF NO ONE").await;
    after(&load, 1_200).await;
    scene.redis.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.redis.start_empty().await;
    after(&load, 1_600).await;
    scene.redis.kill();
    scene.redis.start_again().await;
    scene.settle(load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_while_redis_is_down_and_webhooks_are_answered_as_fast() {
    is_away_for_ten_seconds(Failure::Down).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_while_redis_is_a_black_hole_and_webhooks_are_answered_as_fast() {
    is_away_for_ten_seconds(Failure::BlackHole).await;
}

// Each worker looks when it is woken, twice more (2 and 20 ms later), and once a second; a ticket is
// pushed, fetched and acknowledged. Answers must not make others ask, or they never stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_wakes_a_worker_at_once_and_redis_is_asked_no_more_than_that_takes() {
    let mut scene = Scene::with_workers(1).await;
    let load = scene.load(40, 10).await;
    scene.settle(load).await;
    let events = provider_event::Entity::find().all(scene.store.db.reader()).await.unwrap();
    let waits = events.iter().map(|event| event.settled_at.unwrap().since(event.received_at));
    let mut waits: Vec<Duration> = waits.collect();
    waits.sort();
    let median = waits[waits.len() / 2];
    // Not a poll, which is a second, and not a heartbeat, which is five.
    assert!(median < Duration::from_millis(50), "{waits:?}");
    let (asked, pushed) = (scene.redis.calls("evalsha").await, scene.redis.calls("publish").await);
    assert!(pushed > 20, "{pushed}");
    assert!(asked < pushed * 12 + 600, "{asked} scripts for {pushed} tickets");
}

async fn is_away_for_ten_seconds(failure: Failure) {
    let outage = outage(failure, Duration::from_secs(10)).await;
    assert!(outage.wrong.is_empty(), "{outage:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_start_without_redis_and_find_it_later() {
    let (postgres, redis) = (Postgres::start().await, RedisServer::start().await);
    let way = Proxy::before(redis.port()).await;
    way.set(Fault::Refuse);
    let mut stage = Stage::on(&postgres).await;
    stage.set("REDIS_URL", &format!("redis://127.0.0.1:{}", way.port()));
    assert!(!stage.run(&["doctor"]).status.success(), "the doctor says so");
    let ingress = stage.start(Role::Ingress, "first").await;
    drop(ingress);
    let mut scene = Scene::over(stage, postgres, redis, 1).await;
    let load = scene.load(200, 100).await;
    after(&load, 150).await;
    way.set(Fault::None);
    scene.settle(load).await;
}
