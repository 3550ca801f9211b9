//! Jobs that harm whoever runs them, each in its own way: they are given up after their attempts,
//! and the others do not notice.

use std::time::{Duration, Instant};

use boot::Clock;
use entities::{JobId, job};
use jobs::{Alert, Job, NewJob, VerifyLedger, queue};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use tests::{
    at_once::leases_run_out,
    chaos::Scene,
    process::{Program, Role},
};

/// Longest time until the job is given up: for one that hangs, its time limit is part of it.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(100);

/// How long answers to the others may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// Runs `jobs`, of which every run does what `poison` says, until all are given up; the error that
/// the last is left with.
async fn poisoned(poison: &str, jobs: Vec<NewJob>) -> String {
    let mut scene = Scene::with_workers(0).await;
    let faults = format!("{}.begin=return({poison})", jobs[0].name());
    let more = [("FAILPOINTS", faults.as_str())];
    for name in ["worker-a", "worker-b"] {
        scene.workers.push(scene.stage.start_with(Role::Worker, name, &more).await);
    }
    let load = scene.load(300, 20).await;
    let (from, ids) = (Instant::now(), enqueue(&scene, jobs).await);
    let row = loop {
        let died = supervise(&mut scene.workers).await;
        again_at_once(&scene, died).await;
        let rows = job::Entity::find().filter(job::Column::Id.is_in(ids.iter().copied()));
        let mut rows = rows.all(scene.store.db.reader()).await.unwrap();
        if rows.iter().all(|row| row.state == job::State::Dead) {
            break rows.remove(0);
        }
        assert!(from.elapsed() < GIVEN_UP_WITHIN, "{rows:?}\n{}", scene.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let to = Instant::now();
    // An operator has seen them; of the others none may be dead.
    let seen = "UPDATE jobs SET state = 'cancelled' WHERE state = 'dead'";
    scene.store.db.writer().execute_unprepared(seen).await.unwrap();
    load.stop();
    let delivered = scene.settle(load).await;
    let p99 = delivered.answered_within(99, from, to);
    assert!(p99 < ANSWERED_WITHIN, "the others were answered in {p99:?}");
    row.last_error.unwrap_or_default()
}

/// Starts workers that died again; says whether any had.
async fn supervise(workers: &mut [Program]) -> bool {
    let mut died = false;
    for worker in workers {
        if worker.exit().is_some() {
            died = true;
            worker.start_again();
            worker.ready().await;
        }
    }
    died
}

/// As if the pause before the job's next try was over, and the lease of the dead.
async fn again_at_once(scene: &Scene, died: bool) {
    let past = "UPDATE jobs SET run_at = 0 WHERE name = 'verify-ledger' AND state = 'queued' \
                AND attempts > 0";
    scene.store.db.writer().execute_unprepared(past).await.unwrap();
    if died {
        leases_run_out(&scene.store).await;
    }
}

/// Has `jobs` done; all but one of the attempts that alerts have are spent already.
async fn enqueue(scene: &Scene, jobs: Vec<NewJob>) -> Vec<JobId> {
    let now = scene.store.clock.now();
    let txn = scene.store.db.begin().await.unwrap();
    let enqueued = queue::insert(&txn, jobs, now).await.unwrap();
    let spent =
        format!("UPDATE jobs SET attempts = {} WHERE name = 'alert'", Alert::MAX_ATTEMPTS - 1);
    txn.execute_unprepared(&spent).await.unwrap();
    txn.commit().await.unwrap();
    enqueued.into_iter().map(|job| job.id).collect()
}

/// A job with three attempts.
fn verification() -> Vec<NewJob> {
    vec![NewJob::of(&VerifyLedger { tick: "poison".to_owned() }, Clock::System.now())]
}

/// Jobs with a time limit of half a minute.
fn alerts(count: usize) -> Vec<NewJob> {
    let alert = |number: usize| Alert {
        kind: "poison".to_owned(),
        subject: number.to_string(),
        detail: String::new(),
    };
    (0..count).map(|number| NewJob::of(&alert(number), Clock::System.now())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_panics_is_given_up() {
    let error = poisoned("panic", verification()).await;
    assert!(error.contains("panicked"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_aborts_is_given_up() {
    let error = poisoned("abort", verification()).await;
    assert!(error.contains("took its worker down"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_overflows_the_stack_is_given_up() {
    let error = poisoned("overflow", verification()).await;
    assert!(error.contains("took its worker down"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_much_memory_and_fails_is_given_up() {
    let error = poisoned("allocate", verification()).await;
    assert!(error.contains("on purpose"), "{error}");
}

/// The run is over its limit, and its process with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_never_comes_back_is_given_up() {
    let error = poisoned("spin", alerts(1)).await;
    assert!(error.contains("took its worker down"), "{error}");
}

/// No thread is left to notice that anything is over its limit.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_take_every_thread_are_given_up() {
    let threads = std::thread::available_parallelism().unwrap().get();
    let error = poisoned("spin", alerts(2 * threads)).await;
    assert!(error.contains("took its worker down"), "{error}");
}
