use entities::{
    AdjustmentId, Timestamp,
    adjustment::{ActiveModel, Column, Entity, Model, State},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, Set,
    Unchanged, sea_query::Expr,
};

use super::{check_open, log};
use crate::{
    Error, Store,
    core::{
        adjustments::{NotAdjusted, may_decide},
        refunds::Reviewer,
    },
    ledger,
};

/// Books change `id` if `reviewer` approves it, and refuses it otherwise; `None` if there is none. Of
/// two who decide at once one does. Nothing is booked for an account that was deleted
/// ([`Error::Closed`]); refusing stays possible.
pub async fn decide(
    store: &Store,
    reviewer: Reviewer<'_>,
    id: AdjustmentId,
    approves: bool,
) -> Result<Option<Model>, Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some(row) = claim(&txn, reviewer, id, approves).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let row = settle(&txn, row, (reviewer.user_ref, approves), now).await?;
    txn.commit().await?;
    Ok(Some(row))
}

/// Books `row` if it was approved, by the word of `user_ref`, and writes down what became of it.
pub(super) async fn settle(
    txn: &DatabaseTransaction,
    row: Model,
    (user_ref, approved): (&str, bool),
    now: Timestamp,
) -> Result<Model, Error> {
    let (state, remaining) = if approved {
        (State::Applied, ledger::adjust(txn, &row, now).await?)
    } else {
        (State::Refused, 0)
    };
    let decided_by = Some(user_ref.to_owned());
    let row = Model { remaining, state, decided_by, decided_at: Some(now), ..row };
    // Only what was decided: the reason may have been erased since it was read.
    let decided = ActiveModel {
        id: Unchanged(row.id),
        remaining: Set(row.remaining),
        state: Set(row.state),
        decided_by: Set(row.decided_by.clone()),
        decided_at: Set(row.decided_at),
        ..Default::default()
    };
    decided.update(txn).await?;
    log(txn, &row, (user_ref, state.as_str()), now).await?;
    Ok(row)
}

/// Raises the version of change `id`, so that nobody else can decide: the row then.
async fn claim(
    txn: &DatabaseTransaction,
    reviewer: Reviewer<'_>,
    id: AdjustmentId,
    approves: bool,
) -> Result<Option<Model>, Error> {
    let Some(row) = Entity::find_by_id(id).one(txn).await? else { return Ok(None) };
    if approves {
        check_open(txn, row.customer_id).await?;
    }
    may_decide(&row, reviewer, approves)?;
    let as_read = Column::Id.eq(id).and(Column::Version.eq(row.version));
    let written = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(as_read.and(Column::State.eq(State::Waiting)))
        .exec(txn)
        .await?;
    if written.rows_affected != 1 {
        return Err(NotAdjusted::Stale.into());
    }
    Ok(Some(Model { version: row.version + 1, ..row }))
}
