//! Hours without a worker: what has piled up is worked off, through Redis, and does not wedge it.

use std::time::Duration;

use entities::{EventId, job::State};
use jobs::{ApplyEvent, NewJob, queue};
use redis::AsyncCommands;
use tests::{
    chaos::{Scene, after, quiet},
    process::Role,
};

/// More than twice as many as apalis-redis bears to have due.
const PILED_UP: usize = 20_000;

/// Tickets that may be on their way in one lane, and one commit more.
const WINDOW: usize = jobs::tickets::WINDOW + 8;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_due_jobs_drain_and_do_not_wedge_redis() {
    let mut scene = Scene::with_workers(0).await;
    pile_up(&scene).await;
    // These get tickets, which nobody takes.
    let load = scene.load(1_000, 400).await;
    after(&load, 1_900).await;
    load.stop();
    let waiting = tickets(&scene).await;
    assert!((1..=WINDOW).contains(&waiting), "{waiting} tickets wait");

    for index in 0..2 {
        scene.workers.push(scene.stage.start(Role::Worker, &format!("late-{index}")).await);
    }
    assert!(quiet(&scene.store, Duration::from_secs(90)).await, "it drains\n{}", scene.logs());
    scene.settle(load).await;
    let done = queue::Filter { state: Some(State::Done), ..queue::Filter::default() };
    let done = queue::list(&scene.store.db, &done, 100_000).await.unwrap();
    assert!(done.len() > PILED_UP);
    let workers: std::collections::BTreeSet<_> = done.iter().map(|job| &job.worker).collect();
    assert_eq!(workers.len(), 2, "both have worked");
}

/// Jobs about events that were pruned long ago: there is nothing left to do, and each is a job.
async fn pile_up(scene: &Scene) {
    let (db, now) = (&scene.store.db, scene.store.clock.now());
    for _ in 0..PILED_UP / 1_000 {
        let due = now - Duration::from_hours(3);
        let job = |_| NewJob::of(&ApplyEvent { event_id: EventId::new() }, due);
        let txn = db.begin().await.unwrap();
        queue::insert(&txn, (0..1_000).map(job).collect(), now).await.unwrap();
        txn.commit().await.unwrap();
    }
}

async fn tickets(scene: &Scene) -> usize {
    let mut redis = scene.redis.connection().await;
    let scheduled: usize = redis.zcard("{quittance:events}:scheduled").await.unwrap();
    let active: usize = redis.llen("{quittance:events}:active").await.unwrap();
    scheduled + active
}
