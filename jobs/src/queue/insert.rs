use std::collections::HashSet;

use boot::sql::{Column, Rows, Type, Writes, col};
use entities::{JobId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::claim::rows;
use crate::{Enqueued, NewJob};

const COLUMNS: &[Column] = &[
    // What the job depends on; of no meaning to one that depends on nothing.
    col("about", Type::Uuid),
    col("id", Type::Uuid),
    col("name", Type::Text),
    col("lane", Type::Text),
    col("dedup_key", Type::Text),
    col("payload", Type::Text),
    col("run_at", Type::Int),
];

const INTO: &str = "INSERT INTO jobs (id, name, lane, dedup_key, payload, state, attempts, run_at, \
                    created_at) SELECT v.id, v.name, v.lane, v.dedup_key, v.payload, 'queued', 0, \
                    v.run_at, ?1 FROM v";

/// Writes `jobs`, if and only if `txn` commits, and says which of them were not there before.
pub async fn insert(
    txn: &DatabaseTransaction,
    jobs: Vec<NewJob>,
    now: Timestamp,
) -> Result<Vec<Enqueued>, DbErr> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut writes = Writes::new();
    let mut enqueued = stage_insert(&mut writes, jobs, now);
    let written: u64 = writes.execute(txn).await?.into_iter().sum();
    if written < enqueued.len() as u64 {
        let there = there(txn, &enqueued).await?;
        enqueued.retain(|job| there.contains(&job.id));
    }
    Ok(enqueued)
}

/// Adds `jobs` to `writes`. One that is there already is not written, and is among what is to be
/// announced all the same: nobody finds anything to do by a ticket for it.
pub fn stage_insert(writes: &mut Writes, jobs: Vec<NewJob>, now: Timestamp) -> Vec<Enqueued> {
    let jobs = jobs.into_iter().map(|job| (job.id.uuid(), job)).collect();
    stage(writes, jobs, "true", now)
}

/// Adds those of `jobs` to `writes` for which `table` has a row with the id beside them.
pub fn stage_insert_for(
    writes: &mut Writes,
    jobs: Vec<(Uuid, NewJob)>,
    table: &str,
    now: Timestamp,
) -> Vec<Enqueued> {
    // PostgreSQL keeps these ids in a table of hashes; without IS TRUE it takes this for a join, and
    // would compare each id with each.
    stage(writes, jobs, &format!("(v.about IN (SELECT id FROM {table})) IS TRUE"), now)
}

fn stage(
    writes: &mut Writes,
    jobs: Vec<(Uuid, NewJob)>,
    only: &str,
    now: Timestamp,
) -> Vec<Enqueued> {
    let enqueued = jobs.iter().map(|(_, job)| Enqueued::from(job)).collect();
    let mut rows = Rows::new(COLUMNS);
    for (about, job) in jobs {
        rows.push([
            about.into(),
            job.id.uuid().into(),
            job.name.into(),
            job.lane.as_str().into(),
            job.dedup_key.into(),
            job.payload.into(),
            job.run_at.micros().into(),
        ]);
    }
    // Without a condition SQLite would read ON as part of a join.
    let body = format!("{INTO} WHERE {only} ON CONFLICT (name, dedup_key) DO NOTHING");
    writes.add(rows, body, vec![now.micros().into()]);
    enqueued
}

impl From<&NewJob> for Enqueued {
    fn from(job: &NewJob) -> Self {
        Self { lane: job.lane, id: job.id }
    }
}

/// Those of `jobs` that are in the table.
async fn there(txn: &DatabaseTransaction, jobs: &[Enqueued]) -> Result<HashSet<JobId>, DbErr> {
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let body = "SELECT j.id FROM v JOIN jobs j ON j.id = v.id";
    let found =
        txn.query_all_raw(rows(&ids).statement(txn.get_database_backend(), body, Vec::new()));
    found.await?.iter().map(|row| Ok(JobId::from_uuid(row.try_get("", "id")?))).collect()
}
