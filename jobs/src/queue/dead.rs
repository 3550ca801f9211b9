//! What a person does with jobs: look at them, run them again, call them off.

use boot::Db;
use entities::{
    JobId, Timestamp,
    job::{Column, Entity, Lane, Model, State},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use crate::Enqueued;

/// Which jobs are meant.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Exactly this one.
    pub id: Option<JobId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those in this state.
    pub state: Option<State>,
    /// Those of this lane.
    pub lane: Option<Lane>,
}

/// What came of a person's wish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The jobs it was done to.
    pub jobs: Vec<Enqueued>,
}

/// The newest jobs that `filter` means, at most `limit`.
pub async fn list(db: &Db, filter: &Filter, limit: u64) -> Result<Vec<Model>, DbErr> {
    list_after(db, filter, None, limit).await
}

/// The newest jobs that `filter` means and that are older than `after`, at most `limit`.
pub async fn list_after(
    db: &Db,
    filter: &Filter,
    after: Option<JobId>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut find = Entity::find().filter(condition(filter)).order_by_desc(Column::Id).limit(limit);
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    find.all(db.reader()).await
}

/// How many jobs `filter` means.
pub async fn count(db: &Db, filter: &Filter) -> Result<u64, DbErr> {
    Entity::find().filter(condition(filter)).count(db.reader()).await
}

/// Queues the dead and cancelled jobs that `filter` means again, with all their attempts.
pub async fn requeue(
    txn: &DatabaseTransaction,
    filter: &Filter,
    now: Timestamp,
) -> Result<Settled, DbErr> {
    let finished = Column::State.is_in([State::Dead, State::Cancelled]);
    let jobs = Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Queued))
        .col_expr(Column::Attempts, Expr::value(0_i64))
        .col_expr(Column::RunAt, Expr::value(now))
        .col_expr(Column::FinishedAt, Expr::value(Option::<i64>::None))
        .filter(condition(filter).and(finished))
        .exec_with_returning(txn)
        .await?;
    Ok(settled(&jobs))
}

/// Calls the waiting and dead jobs that `filter` means off. Running ones are left to finish.
pub async fn cancel(
    txn: &DatabaseTransaction,
    filter: &Filter,
    now: Timestamp,
) -> Result<Settled, DbErr> {
    let waiting = Column::State.is_in([State::Queued, State::Dead]);
    let jobs = Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Cancelled))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(condition(filter).and(waiting))
        .exec_with_returning(txn)
        .await?;
    Ok(settled(&jobs))
}

/// Deletes the jobs of `names` with key `dedup_key` that have ended, so that they can be asked for
/// again. Those that wait or run stay.
pub async fn forget(
    txn: &DatabaseTransaction,
    names: &[&str],
    dedup_key: &str,
) -> Result<u64, DbErr> {
    let ended = Column::State.is_in([State::Done, State::Dead, State::Cancelled]);
    let these = Column::Name.is_in(names.iter().copied()).and(Column::DedupKey.eq(dedup_key));
    Ok(Entity::delete_many().filter(these.and(ended)).exec(txn).await?.rows_affected)
}

fn settled(jobs: &[Model]) -> Settled {
    Settled { jobs: jobs.iter().map(|job| Enqueued { lane: job.lane, id: job.id }).collect() }
}

fn condition(filter: &Filter) -> Expr {
    let mut condition = Expr::value(1).eq(1);
    if let Some(id) = filter.id {
        condition = condition.and(Column::Id.eq(id));
    }
    if let Some(name) = &filter.name {
        condition = condition.and(Column::Name.eq(name));
    }
    if let Some(state) = filter.state {
        condition = condition.and(Column::State.eq(state));
    }
    if let Some(lane) = filter.lane {
        condition = condition.and(Column::Lane.eq(lane));
    }
    condition
}

/// Deletes jobs that ended before `before`; dead ones stay until a person has looked.
pub async fn prune(connection: &impl ConnectionTrait, before: Timestamp) -> Result<u64, DbErr> {
    let ended = Column::State.is_in([State::Done, State::Cancelled]);
    let old = Column::FinishedAt.lt(before);
    Ok(Entity::delete_many().filter(ended.and(old)).exec(connection).await?.rows_affected)
}
