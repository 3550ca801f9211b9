//! Workers that die, and workers that work together.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use entities::job::State;
use jobs::queue::{self, Filter};
use tests::chaos::{Scene, after};

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_takes_over_from_one_that_was_killed() {
    let mut scene = Scene::with_workers(2).await;
    let load = scene.load(400, 200).await;

    // In the middle of something: it is killed while it has jobs.
    after(&load, 200).await;
    let mut abandoned = BTreeMap::new();
    for _ in 0..200 {
        scene.workers[0].signal(tests::process::Signal::STOP);
        abandoned = running(&scene).await;
        if !abandoned.is_empty() {
            break;
        }
        scene.workers[0].signal(tests::process::Signal::CONT);
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    scene.workers[0].kill();

    // It is not started again.
    scene.settle(load).await;
    assert!(!abandoned.is_empty(), "it was never caught at work");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_share_the_work() {
    let mut scene = Scene::with_workers(3).await;
    let load = scene.load(400, 400).await;
    scene.settle(load).await;
    let done = queue::list(&scene.store.db, &Filter::default(), 10_000).await.unwrap();
    let workers: BTreeSet<_> = done.iter().filter_map(|job| job.worker.clone()).collect();
    assert_eq!(workers.len(), 3, "each has done something");
}

/// The jobs that are running, and how often they were begun.
async fn running(scene: &Scene) -> BTreeMap<entities::JobId, i64> {
    let filter = Filter { state: Some(State::Running), ..Filter::default() };
    let jobs = queue::list(&scene.store.db, &filter, 1_000).await.unwrap();
    jobs.into_iter().map(|job| (job.id, job.attempts)).collect()
}
