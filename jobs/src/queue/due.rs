use boot::{Db, sql};
use entities::{
    JobId, Timestamp,
    job::{Lane, State},
};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, FromQueryResult};

use super::{PAUSED, held_back};

/// The oldest jobs of `lane` that are due, or whose worker let the lease run out.
pub async fn due(db: &Db, lane: Lane, now: Timestamp, limit: u64) -> Result<Vec<JobId>, DbErr> {
    // Two selections, because neither database uses the partial indexes for an OR.
    let held_back = held_back();
    let body = format!(
        "SELECT id FROM (SELECT * FROM (SELECT id, run_at FROM jobs WHERE lane = ?1 AND \
         state = 'queued' AND run_at <= ?2 AND NOT {held_back} ORDER BY run_at LIMIT ?3) a UNION \
         ALL SELECT * FROM (SELECT id, run_at FROM jobs WHERE lane = ?1 AND state = 'running' AND \
         lease_until < ?2 AND NOT {held_back} ORDER BY lease_until LIMIT ?3) b) d WHERE NOT {PAUSED} \
         ORDER BY run_at LIMIT ?3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = vec![lane.as_str().into(), now.micros().into(), limit.into()];
    let rows = db.reader().query_all_raw(sql::statement(db.backend(), &body, values)).await?;
    rows.iter().map(|row| Ok(JobId::from_uuid(row.try_get("", "id")?))).collect()
}

/// A place in the backlog, from the oldest job to the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    at: i64,
    id: JobId,
}

/// A job of the backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which it is.
    pub id: JobId,
    /// Where it stands.
    pub cursor: Cursor,
}

/// The jobs of `lane` that were due at `due` or whose lease has run out by `now`, after `cursor`.
pub async fn due_after(
    db: &Db,
    lane: Lane,
    now: Timestamp,
    due: Timestamp,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Vec<Due>, DbErr> {
    let held_back = held_back();
    let body = format!(
        "SELECT id, at FROM (SELECT * FROM (SELECT id, run_at AS at FROM jobs WHERE lane = ?1 AND \
         state = 'queued' AND run_at <= ?4 AND (run_at, id) > (?5, ?6) AND NOT {held_back} ORDER \
         BY run_at, id LIMIT ?3) a UNION ALL SELECT * FROM (SELECT id, lease_until AS at FROM jobs \
         WHERE lane = ?1 AND state = 'running' AND lease_until < ?2 AND (lease_until, id) > (?5, \
         ?6) AND NOT {held_back} ORDER BY lease_until, id LIMIT ?3) b) d WHERE NOT {PAUSED} ORDER BY at, id LIMIT ?3"
    );
    let from = cursor.unwrap_or(Cursor { at: i64::MIN, id: JobId::from_uuid(uuid::Uuid::nil()) });
    let values = vec![
        lane.as_str().into(),
        now.micros().into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
        due.micros().into(),
        from.at.into(),
        from.id.uuid().into(),
    ];
    let rows = db.reader().query_all_raw(sql::statement(db.backend(), &body, values)).await?;
    rows.iter()
        .map(|row| {
            let id = JobId::from_uuid(row.try_get("", "id")?);
            Ok(Due { id, cursor: Cursor { at: row.try_get("", "at")?, id } })
        })
        .collect()
}

/// How many jobs a lane has in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The lane.
    pub lane: Lane,
    /// The state.
    pub state: State,
    /// How many.
    pub jobs: i64,
    /// The oldest one's time to run; the age of the backlog.
    pub oldest: Timestamp,
}

/// How deep the queue is. Only jobs that are not finished are counted, and the dead.
pub async fn depths(db: &Db) -> Result<Vec<Depth>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        lane: String,
        state: String,
        jobs: i64,
        oldest: i64,
    }
    let body = "SELECT lane, state, COUNT(*) AS jobs, MIN(run_at) AS oldest FROM jobs WHERE \
                state IN ('queued', 'running', 'dead') GROUP BY lane, state";
    let statement = sql::statement(db.backend(), body, Vec::new());
    let rows = Row::find_by_statement(statement).all(db.reader()).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Depth {
                lane: Lane::try_from_value(&row.lane)?,
                state: State::try_from_value(&row.state)?,
                jobs: row.jobs,
                oldest: Timestamp::from_micros(row.oldest),
            })
        })
        .collect()
}
