//! A job that takes its process down every time: given up after its attempts, and nobody else's
//! harm.

use std::time::Duration;

use entities::{JobId, Provider, job::State};
use jobs::{Job, NewJob, Reconcile, queue};
use tests::{
    at_once::leases_run_out,
    chaos::{Fault, Proxy, Scene},
    process::{count, within},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_worker_each_time_is_buried_and_the_others_are_not_harmed() {
    let mut scene = Scene::with_workers(1).await;
    // The provider's side of it never answers, so the job is at work for long enough to be shot.
    let silent = Proxy::before(scene.postgres.port()).await;
    silent.set(Fault::BlackHole);
    let mut workers = std::mem::take(&mut scene.workers);
    assert!(workers[0].terminate(Duration::from_secs(30)).await.is_some());
    let base = format!("http://127.0.0.1:{}/", silent.port());
    let more = [("STRIPE_API_BASE", base.as_str())];
    let mut worker = scene.stage.start_with(tests::process::Role::Worker, "shot", &more).await;

    let id = enqueue(&scene).await;
    let load = scene.load(400, 10).await;
    for attempt in 1..=i64::from(Reconcile::MAX_ATTEMPTS) {
        let begun = within(Duration::from_secs(30), async || {
            let job = job(&scene, id).await;
            job.state == State::Running && job.attempts == attempt
        });
        assert!(begun.await, "attempt {attempt}: {:?}", job(&scene, id).await);
        worker.kill();
        // As if its lease had run out already.
        leases_run_out(&scene.store).await;
        worker.start_again();
        worker.ready().await;
    }
    let buried =
        within(Duration::from_secs(30), async || job(&scene, id).await.state == State::Dead);
    assert!(buried.await, "{:?}", job(&scene, id).await);
    let error = job(&scene, id).await.last_error.unwrap();
    assert!(error.contains("took its worker down"), "{error}");
    let filter = format!("mails WHERE occasion LIKE 'alert:dead-job:%{id}%'");
    let told =
        within(Duration::from_mins(1), async || count(&scene.store, &filter).await == Some(1));
    assert!(told.await, "somebody is told");
    load.stop();
    scene.settle(load).await;
}

async fn enqueue(scene: &Scene) -> JobId {
    let now = scene.store.clock.now();
    let reconcile =
        Reconcile { provider: Provider::Stripe, window_seconds: 60, tick: "poison".to_owned() };
    let txn = scene.store.db.begin().await.unwrap();
    let enqueued = queue::insert(&txn, vec![NewJob::of(&reconcile, now)], now).await.unwrap();
    txn.commit().await.unwrap();
    enqueued[0].id
}

async fn job(scene: &Scene, id: JobId) -> entities::job::Model {
    let filter = queue::Filter { id: Some(id), ..queue::Filter::default() };
    queue::list(&scene.store.db, &filter, 1).await.unwrap().pop().unwrap()
}
