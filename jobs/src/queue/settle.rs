use boot::{
    Db,
    sql::{self, Column, Rows, Type, WriteError, Writes, col},
};
use entities::{Timestamp, job::Model};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

const RUNS: &[Column] = &[col("id", Type::Uuid), col("attempts", Type::Int)];

/// The run's lease was lost: somebody else has the job now, and this run must not be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease of {lost} of {of} jobs was lost")]
pub struct LeaseLost {
    /// How many of the jobs.
    pub lost: u64,
    /// How many were to be settled.
    pub of: u64,
}

/// Why jobs could not be marked done.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The transaction has to be rolled back: it is no longer ours to commit.
    #[error(transparent)]
    LeaseLost(#[from] LeaseLost),
    /// The database's own trouble.
    #[error("the database failed")]
    Db(#[from] DbErr),
}

impl From<WriteError> for SettleError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Db(error) => Self::Db(error),
            WriteError::Missed { wanted, written } => {
                Self::LeaseLost(LeaseLost { lost: wanted - written, of: wanted })
            }
        }
    }
}

/// Marks `jobs` done, if and only if `txn` commits and all of them are still ours.
pub async fn done(
    txn: &DatabaseTransaction,
    jobs: &[Model],
    now: Timestamp,
) -> Result<(), SettleError> {
    let mut writes = Writes::new();
    stage_done(&mut writes, jobs, now);
    writes.execute(txn).await?;
    Ok(())
}

/// Adds to `writes` that `jobs` are done; they fail unless all of them are still ours.
pub fn stage_done(writes: &mut Writes, jobs: &[Model], now: Timestamp) {
    let Some(worker) = jobs.first().and_then(|job| job.worker.clone()) else {
        return;
    };
    // COALESCE, or PostgreSQL may find them by the index of all that is running.
    let body = "UPDATE jobs SET state = 'done', finished_at = ?1, lease_until = NULL, \
                last_error = NULL FROM v WHERE jobs.id = v.id AND jobs.attempts = v.attempts AND \
                COALESCE(jobs.state, '') = 'running' AND jobs.worker = ?2";
    writes.add_all(runs(jobs), body, vec![now.micros().into(), worker.into()]);
}

/// Puts `jobs` back to wait until `run_at` without counting the attempt.
pub async fn snooze(
    connection: &impl ConnectionTrait,
    jobs: &[(Model, Timestamp)],
    cause: &str,
) -> Result<(), SettleError> {
    const SNOOZED: &[Column] =
        &[col("id", Type::Uuid), col("attempts", Type::Int), col("run_at", Type::Int)];
    let Some(worker) = jobs.first().and_then(|(job, _)| job.worker.clone()) else {
        return Ok(());
    };
    let mut rows = Rows::new(SNOOZED);
    for (job, run_at) in jobs {
        rows.push([job.id.uuid().into(), job.attempts.into(), run_at.micros().into()]);
    }
    let body = "UPDATE jobs SET state = 'queued', attempts = jobs.attempts - 1, \
                run_at = v.run_at, lease_until = NULL, last_error = ?2 FROM v WHERE jobs.id = v.id \
                AND jobs.attempts = v.attempts AND jobs.state = 'running' AND jobs.worker = ?1";
    let more = vec![worker.into(), cause.into()];
    let statement = rows.statement(connection.get_database_backend(), body, more);
    let settled = connection.execute_raw(statement).await?.rows_affected();
    let of = jobs.len() as u64;
    if settled == of { Ok(()) } else { Err(LeaseLost { lost: of - settled, of }.into()) }
}

/// Gives `job` back unrun, as if it had never been claimed: the process is shutting down.
pub async fn release(db: &Db, job: &Model) -> Result<(), DbErr> {
    let body = "UPDATE jobs SET state = 'queued', attempts = attempts - 1, lease_until = NULL \
                WHERE id = ?1 AND attempts = ?2 AND state = 'running' AND worker = ?3";
    write(db, body, job, Vec::new()).await
}

/// Puts `job` back to wait until `run_at`; the attempt counts.
pub async fn retry(db: &Db, job: &Model, run_at: Timestamp, error: &str) -> Result<(), DbErr> {
    let body = "UPDATE jobs SET state = 'queued', run_at = ?4, lease_until = NULL, \
                last_error = ?5 WHERE id = ?1 AND attempts = ?2 AND state = 'running' AND \
                worker = ?3";
    write(db, body, job, vec![run_at.micros().into(), error.into()]).await
}

/// Gives `job` up, for a person to look at. Belongs into the transaction that alerts of it.
pub async fn bury(
    txn: &DatabaseTransaction,
    job: &Model,
    now: Timestamp,
    error: &str,
) -> Result<bool, DbErr> {
    let body = "UPDATE jobs SET state = 'dead', finished_at = ?4, lease_until = NULL, \
                last_error = ?5 WHERE id = ?1 AND attempts = ?2 AND state = 'running' AND \
                worker = ?3";
    let mut values = vec![job.id.uuid().into(), job.attempts.into(), job.worker.clone().into()];
    values.extend([now.micros().into(), error.into()]);
    let statement = sql::statement(txn.get_database_backend(), body, values);
    Ok(txn.execute_raw(statement).await?.rows_affected() == 1)
}

async fn write(db: &Db, body: &str, job: &Model, more: Vec<sea_orm::Value>) -> Result<(), DbErr> {
    let mut values = vec![job.id.uuid().into(), job.attempts.into(), job.worker.clone().into()];
    values.extend(more);
    db.writer().execute_raw(sql::statement(db.backend(), body, values)).await?;
    Ok(())
}

fn runs(jobs: &[Model]) -> Rows {
    let mut rows = Rows::new(RUNS);
    for job in jobs {
        rows.push([job.id.uuid().into(), job.attempts.into()]);
    }
    rows
}
