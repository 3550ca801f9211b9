use std::collections::HashSet;

use boot::sql::{Column, Rows, Type, Writes, col};
use entities::{JobId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use uuid::Uuid;

use crate::{Enqueued, NewJob};

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("name", Type::Text),
    col("lane", Type::Text),
    col("dedup_key", Type::Text),
    col("payload", Type::Text),
    col("run_at", Type::Int),
];

const COLUMNS_FOR: &[Column] = &[
    col("about", Type::Uuid),
    col("id", Type::Uuid),
    col("name", Type::Text),
    col("lane", Type::Text),
    col("dedup_key", Type::Text),
    col("payload", Type::Text),
    col("run_at", Type::Int),
];

const IDS: &[Column] = &[col("id", Type::Uuid)];

const INTO: &str = "INSERT INTO jobs (id, name, lane, dedup_key, payload, state, attempts, run_at, \
                    created_at) SELECT v.id, v.name, v.lane, v.dedup_key, v.payload, 'queued', 0, \
                    v.run_at, ?1 FROM v";

const UNLESS_THERE: &str = "ON CONFLICT (name, dedup_key) DO NOTHING";

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
    let mut rows = Rows::new(COLUMNS);
    let enqueued = jobs.iter().map(Enqueued::from).collect();
    for job in jobs {
        rows.push(job.cells());
    }
    // `WHERE true` keeps SQLite from reading ON as part of a join.
    writes.add(rows, format!("{INTO} WHERE true {UNLESS_THERE}"), vec![now.micros().into()]);
    enqueued
}

/// Adds those of `jobs` to `writes` for which `table` has a row with the id beside them.
pub fn stage_insert_for(
    writes: &mut Writes,
    jobs: Vec<(Uuid, NewJob)>,
    table: &str,
    now: Timestamp,
) -> Vec<Enqueued> {
    let mut rows = Rows::new(COLUMNS_FOR);
    let enqueued = jobs.iter().map(|(_, job)| Enqueued::from(job)).collect();
    for (about, job) in jobs {
        let [id, name, lane, dedup_key, payload, run_at] = job.cells();
        rows.push([about.into(), id, name, lane, dedup_key, payload, run_at]);
    }
    let body = format!("{INTO} JOIN {table} t ON t.id = v.about WHERE true {UNLESS_THERE}");
    writes.add(rows, body, vec![now.micros().into()]);
    enqueued
}

impl From<&NewJob> for Enqueued {
    fn from(job: &NewJob) -> Self {
        Self { lane: job.lane, id: job.id }
    }
}

impl NewJob {
    fn cells(self) -> [Value; 6] {
        [
            self.id.uuid().into(),
            self.name.into(),
            self.lane.as_str().into(),
            self.dedup_key.into(),
            self.payload.into(),
            self.run_at.micros().into(),
        ]
    }
}

/// Those of `jobs` that are in the table.
async fn there(txn: &DatabaseTransaction, jobs: &[Enqueued]) -> Result<HashSet<JobId>, DbErr> {
    let mut rows = Rows::new(IDS);
    for job in jobs {
        rows.push([job.id.uuid().into()]);
    }
    let body = "SELECT j.id FROM v JOIN jobs j ON j.id = v.id";
    let found = txn.query_all_raw(rows.statement(txn.get_database_backend(), body, Vec::new()));
    found.await?.iter().map(|row| Ok(JobId::from_uuid(row.try_get("", "id")?))).collect()
}
