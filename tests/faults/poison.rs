//! Jobs that harm whoever runs them, each in its own way: they are given up after their attempts,
//! and the others do not notice.

use std::time::{Duration, Instant};

use boot::Clock;
use entities::{JobId, Provider, job};
use jobs::{Alert, Job, NewJob, Prune, Reconcile, VerifyAudit, VerifyLedger, queue};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use tests::{
    at_once::leases_run_out,
    chaos::Scene,
    process::{Program, Role},
};

/// Longest time until the job is given up: for one that hangs, its time limit is part of it.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(100);

/// A run that hangs is ended after six seconds, or a fifth of whatever its limit is.
const HASTE: &str = "limits=return(5)";

/// What is said of a job whose runs end their processes.
const DOWN: &str = "took its worker down";

/// How long answers to the others may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// Jobs of which every run does harm, and of what kind.
struct Poison {
    harm: &'static str,
    jobs: Vec<NewJob>,
    /// What their last error has to say.
    says: &'static str,
}

/// Has all of `poisons` done, one after the other, beside a load, until they are given up.
async fn given_up(poisons: Vec<Poison>) {
    let mut scene = Scene::with_workers(0).await;
    let faults =
        poisons.iter().map(|it| format!("{}.begin=return({})", it.jobs[0].name(), it.harm));
    let faults: Vec<String> = faults.chain([HASTE.to_owned()]).collect();
    let faults = faults.join(";");
    let more = [("FAILPOINTS", faults.as_str())];
    for name in ["worker-a", "worker-b"] {
        scene.workers.push(scene.stage.start_with(Role::Worker, name, &more).await);
    }
    let load = scene.load(1_200, 20).await;
    let mut lasted = Vec::new();
    for Poison { harm, jobs, says } in poisons {
        let from = Instant::now();
        let error = end_of(&mut scene, jobs).await;
        assert!(error.contains(says), "{harm}: {error}");
        lasted.push((harm, from, Instant::now()));
    }
    // An operator has seen them; of the others none may be dead.
    let seen = "UPDATE jobs SET state = 'cancelled' WHERE state = 'dead'";
    scene.store.db.writer().execute_unprepared(seen).await.unwrap();
    assert!(!load.is_over(), "there were no others");
    load.stop();
    let delivered = scene.settle(load).await;
    for (harm, from, to) in lasted {
        let p99 = delivered.answered_within(99, from, to);
        assert!(p99 < ANSWERED_WITHIN, "{harm}: the others were answered in {p99:?}");
    }
}

/// Has `jobs` done until all are given up; the error that one of them is left with.
async fn end_of(scene: &mut Scene, jobs: Vec<NewJob>) -> String {
    let (from, ids) = (Instant::now(), enqueue(scene, jobs).await);
    loop {
        let died = supervise(&mut scene.workers).await;
        again_at_once(scene, &ids, died).await;
        let rows = job::Entity::find().filter(job::Column::Id.is_in(ids.iter().copied()));
        let mut rows = rows.all(scene.store.db.reader()).await.unwrap();
        if rows.iter().all(|row| row.state == job::State::Dead) {
            return rows.remove(0).last_error.unwrap_or_default();
        }
        assert!(from.elapsed() < GIVEN_UP_WITHIN, "{rows:?}\n{}", scene.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
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

/// As if the pause before the next try of jobs `ids` was over, and the lease of the dead.
async fn again_at_once(scene: &Scene, ids: &[JobId], died: bool) {
    let past = job::Entity::update_many()
        .col_expr(job::Column::RunAt, 0_i64.into())
        .filter(job::Column::Id.is_in(ids.iter().copied()))
        .filter(job::Column::State.eq(job::State::Queued))
        .filter(job::Column::Attempts.gt(0));
    past.exec(scene.store.db.writer()).await.unwrap();
    if died {
        leases_run_out(&scene.store).await;
    }
}

/// Has `jobs` done; all but one of the attempts that alerts have are spent already.
async fn enqueue(scene: &Scene, jobs: Vec<NewJob>) -> Vec<JobId> {
    let now = scene.store.clock.now();
    let txn = scene.store.db.begin().await.unwrap();
    let enqueued = queue::insert(&txn, jobs, now).await.unwrap();
    let ids: Vec<JobId> = enqueued.into_iter().map(|job| job.id).collect();
    let spent = job::Entity::update_many()
        .col_expr(job::Column::Attempts, i64::from(Alert::MAX_ATTEMPTS - 1).into())
        .filter(job::Column::Id.is_in(ids.iter().copied()))
        .filter(job::Column::Name.eq(Alert::NAME));
    spent.exec(&txn).await.unwrap();
    txn.commit().await.unwrap();
    ids
}

/// A job with three attempts.
fn of_three_attempts(harm: &'static str, job: &impl Job, says: &'static str) -> Poison {
    Poison { harm, jobs: vec![NewJob::of(job, Clock::System.now())], says }
}

/// Jobs that never come back, with a time limit of half a minute, which is hastened.
fn spinning(round: &str, count: usize) -> Poison {
    let alert = |number: usize| Alert {
        kind: "poison".to_owned(),
        subject: format!("{round} {number}"),
        detail: String::new(),
    };
    let jobs = (0..count).map(|number| NewJob::of(&alert(number), Clock::System.now())).collect();
    Poison { harm: "spin", jobs, says: DOWN }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_panic_abort_overflow_the_stack_or_take_much_memory_are_given_up() {
    let tick = || "poison".to_owned();
    let (provider, window_seconds) = (Provider::Stripe, 60);
    let reconcile = Reconcile { provider, window_seconds, tick: tick() };
    given_up(vec![
        of_three_attempts("panic", &VerifyLedger { tick: tick() }, "panicked"),
        of_three_attempts("abort", &VerifyAudit { tick: tick() }, DOWN),
        of_three_attempts("overflow", &Prune { tick: tick() }, DOWN),
        of_three_attempts("allocate", &reconcile, "on purpose"),
    ])
    .await;
}

/// The run of one is over its limit, and its process with it. Of many, no thread is left to notice
/// that anything is over its limit.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_never_come_back_are_given_up_and_so_are_those_that_take_every_thread() {
    let threads = std::thread::available_parallelism().unwrap().get();
    given_up(vec![spinning("one", 1), spinning("all", 2 * threads)]).await;
}
