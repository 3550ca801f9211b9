use std::time::Duration;

use boot::{
    Db, faults,
    sql::{Column, Rows, Type, col},
};
use entities::{
    JobId, Timestamp,
    job::{Entity, Lane, Model},
};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Value};

use super::{PAUSED, held_back};

/// After how many attempts a job is run alone: every job has more than these and one.
const TOGETHER: i64 = 2;

const IDS: &[Column] = &[col("id", Type::Uuid)];

/// Who claims, and when.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The lane claimed from.
    pub lane: Lane,
    /// The worker's name, unique to this start of the process.
    pub worker: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// How long a worker has a lane's job to itself.
///
/// Longer than the longest [`Job::TIMEOUT`](crate::Job::TIMEOUT) of the lane, and the longest time
/// for which a killed worker's jobs wait.
pub const fn lease(lane: Lane) -> Duration {
    match lane {
        Lane::Events => Duration::from_secs(15),
        Lane::Money => Duration::from_secs(75),
        Lane::Mail => Duration::from_secs(45),
        Lane::Upkeep => Duration::from_mins(10),
    }
}

/// Takes those of `ids` that nobody has tried yet.
///
/// Committed before anything runs, so that a job which takes its process down was counted. Jobs
/// that were tried before are left to [`claim_again`] and [`claim_one`]: one of them may be the
/// reason.
pub async fn claim_fresh(db: &Db, claim: Claim<'_>, ids: &[JobId]) -> Result<Vec<Model>, DbErr> {
    // COALESCE, or PostgreSQL may find them by the index of all that is queued, and a claim would
    // read the whole backlog.
    let due = "j.attempts = 0 AND COALESCE(j.state, '') = 'queued' AND j.run_at <= ?2";
    take(db, claim, ids, due).await
}

/// Takes those of `ids` that were tried once or twice: to be run a few at a time, so that what killed
/// workers leave behind does not wait for each other. One of them may be the reason why they died;
/// with its third attempt each is alone.
pub async fn claim_again(db: &Db, claim: Claim<'_>, ids: &[JobId]) -> Result<Vec<Model>, DbErr> {
    let due = format!(
        "j.attempts > 0 AND j.attempts <= {TOGETHER} AND ((COALESCE(j.state, '') = 'queued' AND \
         j.run_at <= ?2) OR (COALESCE(j.state, '') = 'running' AND j.lease_until < ?2))"
    );
    take(db, claim, ids, &due).await
}

/// Takes job `id` if it is due, or if whoever had it let the lease run out.
pub async fn claim_one(db: &Db, claim: Claim<'_>, id: JobId) -> Result<Option<Model>, DbErr> {
    let due = "((j.state = 'queued' AND j.run_at <= ?2) OR (j.state = 'running' AND \
               j.lease_until < ?2))";
    Ok(take(db, claim, &[id], due).await?.pop())
}

/// Those of `ids` that are due and were tried before: first the ones that may be claimed a few at a
/// time, then the ones that may not.
pub async fn tried(
    db: &Db,
    claim: Claim<'_>,
    ids: &[JobId],
) -> Result<(Vec<JobId>, Vec<JobId>), DbErr> {
    let body = "SELECT j.id, j.attempts FROM jobs j JOIN v ON v.id = j.id WHERE j.lane = ?1 AND \
                j.attempts > 0 AND ((COALESCE(j.state, '') = 'queued' AND j.run_at <= ?2) OR \
                (COALESCE(j.state, '') = 'running' AND j.lease_until < ?2))";
    let more = vec![claim.lane.as_str().into(), claim.now.micros().into()];
    let statement = rows(ids).statement(db.backend(), body, more);
    let (mut few, mut alone) = (Vec::new(), Vec::new());
    for row in db.reader().query_all_raw(statement).await? {
        let attempts: i64 = row.try_get("", "attempts")?;
        let to = if attempts <= TOGETHER { &mut few } else { &mut alone };
        to.push(JobId::from_uuid(row.try_get("", "id")?));
    }
    Ok((few, alone))
}

/// `ids` as the rows of a statement.
pub(super) fn rows(ids: &[JobId]) -> Rows {
    let mut rows = Rows::new(IDS);
    for id in ids {
        rows.push([id.uuid().into()]);
    }
    rows
}

async fn take(db: &Db, claim: Claim<'_>, ids: &[JobId], due: &str) -> Result<Vec<Model>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Two claims of the same ids must neither wait for each other nor lock in different orders.
    let lock = match db.backend() {
        DatabaseBackend::Postgres => "ORDER BY j.id FOR UPDATE OF j SKIP LOCKED",
        _ => "",
    };
    let counted = u8::from(!faults::planted("claim-not-counted"));
    let held_back = held_back();
    let body = format!(
        "UPDATE jobs SET state = 'running', attempts = attempts + {counted}, lease_until = ?3, worker = ?4 \
         WHERE id IN (SELECT j.id FROM jobs j JOIN v ON v.id = j.id WHERE j.lane = ?1 AND {due} \
         AND NOT {held_back} AND NOT {PAUSED} {lock}) RETURNING *"
    );
    let more: Vec<Value> = vec![
        claim.lane.as_str().into(),
        claim.now.micros().into(),
        (claim.now + lease(claim.lane)).micros().into(),
        claim.worker.into(),
    ];
    let statement = rows(ids).statement(db.backend(), &body, more);
    Entity::find().from_raw_sql(statement).all(db.writer()).await
}
