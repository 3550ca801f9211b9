//! One job at a time: claim, run within its limits, write down what came of it.

use std::{sync::Arc, time::Duration};

use anyhow::anyhow;
use boot::faults;
use entities::{
    JobId,
    job::{Lane, Model},
};
use jobs::{
    Alert, Job, NewJob, Notify,
    queue::{self, Claim, backoff},
};
use tokio::task::{JoinError, JoinHandle};

use crate::{Context, Entry, JobError, Ran, alert, apply_event, send_receipt};

/// Pauses between tries to write down what came of a run. A connection that broke is replaced by
/// then, and all of them together are shorter than any lease has left.
pub(crate) const SETTLE_AGAIN: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// How much longer than its limit a run may take to notice that it is over.
const MERCY: Duration = Duration::from_secs(5);

/// Runs job `id` once, unless somebody else has it or it is not due.
pub(crate) async fn perform(context: &Arc<Context>, lane: Lane, id: JobId) {
    let claim = Claim { lane, worker: &context.worker, now: context.store.clock.now() };
    match queue::claim_one(&context.store.db, claim, id).await {
        Ok(Some(row)) => perform_claimed(context, row).await,
        Ok(None) => {}
        Err(error) => tracing::warn!(job.id = %id, %error, "a job could not be claimed"),
    }
}

/// Runs a job that is claimed, and settles it.
pub(crate) async fn perform_claimed(context: &Arc<Context>, row: Model) {
    let started = context.store.clock.now();
    let result = match Entry::find(&row.name) {
        None => Err(JobError::Bury(anyhow!("this version knows no job {:?}", row.name))),
        Some(entry) if attempts(&row) > entry.max_attempts => {
            Err(JobError::Bury(anyhow!("every run of it panicked or took its worker down")))
        }
        Some(entry) => run_guarded(context, entry, row.clone()).await,
    };
    let outcome = if result.is_ok() { "done" } else { "failed" };
    let took = context.store.clock.now().since(started).as_secs_f64();
    metrics::histogram!("quittance_job_seconds", "job" => row.name.clone(), "outcome" => outcome)
        .record(took);
    settle_surely(context, &row, &result).await;
}

/// Writes down that the claimed run of `row` came to `result`.
pub(crate) async fn settle_one(context: &Arc<Context>, row: &Model, result: Result<Ran, JobError>) {
    settle_surely(context, row, &result).await;
}

/// Settles the job though the database may fail for a moment: otherwise what was done would wait for
/// the lease to run out, and then be done again.
async fn settle_surely(context: &Arc<Context>, row: &Model, result: &Result<Ran, JobError>) {
    let mut pauses = SETTLE_AGAIN.iter();
    while let Err(error) = settle(context, row, result).await {
        let pause = if is_lost(&error) { None } else { pauses.next() };
        let Some(pause) = pause else {
            // The lease runs out, if it has not, and the job is run again.
            tracing::warn!(job.id = %row.id, error = format!("{error:#}"), "a job was not settled");
            return;
        };
        tokio::time::sleep(*pause).await;
    }
}

/// Whether somebody else has the job now, or it was settled though the answer was lost.
fn is_lost(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(queue::SettleError::LeaseLost(_)))
}

/// Runs on a task of its own: a panic ends that task alone, and nobody who drops us cancels it.
async fn run_guarded(
    context: &Arc<Context>,
    entry: &'static Entry,
    row: Model,
) -> Result<Ran, JobError> {
    let (context, limit) = (Arc::clone(context), faults::hastened(entry.timeout));
    let run = tokio::spawn(async move {
        let run = async {
            faults::point(entry.name, "begin").await?;
            let ran = entry.start(context, row).await?;
            faults::point(entry.name, "end").await?;
            Ok(ran)
        };
        tokio::time::timeout(limit, run).await
    });
    match ended(entry.name, limit, run).await {
        Ok(Ok(result)) => result,
        Ok(Err(elapsed)) => Err(JobError::Retry(elapsed.into())),
        Err(panicked) => Err(JobError::Retry(anyhow!("the run panicked: {panicked}"))),
    }
}

/// What `run` came to. A run that does not end by its limit never gives its thread back, and cannot
/// be made to: then the process ends. The run was counted, so that this job does so only as often as
/// it may be tried.
pub(crate) async fn ended<T>(
    job: &str,
    limit: Duration,
    run: JoinHandle<T>,
) -> Result<T, JoinError> {
    match tokio::time::timeout(limit + faults::hastened(MERCY), run).await {
        Ok(ended) => ended,
        Err(_) => boot::watchdog::end(&format!("a run of {job} hangs and holds its thread")),
    }
}

async fn settle(
    context: &Arc<Context>,
    row: &Model,
    result: &Result<Ran, JobError>,
) -> anyhow::Result<()> {
    let (db, now) = (&context.store.db, context.store.clock.now());
    match result {
        Ok(Ran::Settled) => Ok(()),
        Ok(Ran::Done) => {
            let txn = db.begin().await?;
            queue::done(&txn, std::slice::from_ref(row), now).await?;
            Ok(txn.commit().await?)
        }
        Err(JobError::Snooze(delay, cause)) => {
            let row = [(row.clone(), now + *delay)];
            Ok(queue::snooze(db.writer(), &row, &format!("{cause:#}")).await?)
        }
        Err(JobError::Retry(cause)) if may_retry(row) => {
            let error = format!("{cause:#}");
            tracing::warn!(job.id = %row.id, job.name = row.name, row.attempts, error, "will retry");
            let delay = backoff(attempts(row), rand::random());
            Ok(queue::retry(db, row, now + delay, &error).await?)
        }
        Err(JobError::Retry(cause) | JobError::Bury(cause)) => bury(context, row, cause).await,
    }
}

async fn bury(context: &Arc<Context>, row: &Model, cause: &anyhow::Error) -> anyhow::Result<()> {
    let (db, now) = (&context.store.db, context.store.clock.now());
    let error = format!("{cause:#}");
    tracing::error!(job.id = %row.id, job.name = row.name, row.attempts, error, "buried a job");
    metrics::counter!("quittance_jobs_buried_total", "job" => row.name.clone()).increment(1);
    let txn = db.begin().await?;
    let mut enqueued = Vec::new();
    let told = row.name == Notify::NAME;
    let kind = if told { alert::DEAD_NOTIFICATION } else { "dead-job" };
    if queue::bury(&txn, row, now, &error).await? && row.name != Alert::NAME {
        let alert = Alert {
            kind: kind.to_owned(),
            subject: row.id.to_string(),
            detail: format!("{} failed for good after {} attempts", row.name, row.attempts),
        };
        enqueued = queue::insert(&txn, vec![NewJob::of(&alert, now)], now).await?;
        apply_event::give_up(&txn, row, &error, now).await?;
    }
    txn.commit().await?;
    context.dispatcher.announce(enqueued);
    Ok(())
}

fn may_retry(row: &Model) -> bool {
    Entry::find(&row.name).is_some_and(|entry| attempts(row) < entry.max_attempts)
}

fn attempts(row: &Model) -> u32 {
    u32::try_from(row.attempts).unwrap_or(u32::MAX)
}

/// Runs `job` here and now, unless somebody else has it; for the command line.
pub async fn run_one(context: &Arc<Context>, job: jobs::Enqueued) {
    perform(context, job.lane, job.id).await;
}

/// Runs every job that is due now, batch by batch and lane by lane, and says how many there were;
/// for tests and for the command line.
pub async fn drain_once(context: &Arc<Context>) -> anyhow::Result<usize> {
    let mut ran = 0;
    for lane in Lane::ALL {
        let now = context.store.clock.now();
        let ids = queue::due(&context.store.db, lane, now, 256).await?;
        ran += ids.len();
        match lane {
            Lane::Events => apply_event::run_batch(context, &ids).await,
            Lane::Mail => send_receipt::run_batch(context, &ids).await,
            Lane::Money | Lane::Upkeep => {
                for id in ids {
                    perform(context, lane, id).await;
                }
            }
        }
    }
    Ok(ran)
}
