use boot::sql::{Column, Rows, Type, col};
use entities::{JobId, Timestamp, job::Lane};
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction, DbErr};

use crate::{Enqueued, NewJob};

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("name", Type::Text),
    col("lane", Type::Text),
    col("dedup_key", Type::Text),
    col("payload", Type::Text),
    col("run_at", Type::Int),
];

// `WHERE true` keeps SQLite from reading ON as part of a join.
const INSERT: &str = "INSERT INTO jobs (id, name, lane, dedup_key, payload, state, attempts, \
                      run_at, created_at) SELECT id, name, lane, dedup_key, payload, 'queued', 0, \
                      run_at, ?1 FROM v WHERE true ON CONFLICT (name, dedup_key) DO NOTHING \
                      RETURNING id, lane";

/// Writes `jobs`, if and only if `txn` commits, and says which of them were not there before.
pub async fn insert(
    txn: &DatabaseTransaction,
    jobs: Vec<NewJob>,
    now: Timestamp,
) -> Result<Vec<Enqueued>, DbErr> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Rows::new(COLUMNS);
    for job in jobs {
        rows.push([
            job.id.uuid().into(),
            job.name.into(),
            job.lane.as_str().into(),
            job.dedup_key.into(),
            job.payload.into(),
            job.run_at.micros().into(),
        ]);
    }
    let statement = rows.statement(txn.get_database_backend(), INSERT, vec![now.micros().into()]);
    let rows = txn.query_all_raw(statement).await?;
    rows.into_iter()
        .map(|row| {
            let id = JobId::from_uuid(row.try_get("", "id")?);
            let lane = Lane::try_from_value(&row.try_get("", "lane")?)?;
            Ok(Enqueued { lane, id })
        })
        .collect()
}
