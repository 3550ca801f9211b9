use entities::{
    AdjustmentId,
    adjustment::{Column, Entity, Model, State},
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr,
};

use super::{ask::apply, log};
use crate::{
    Error, Store,
    core::adjustments::{Decider, NotAdjusted, may_decide},
};

/// Books change `id`; `None` if there is none. Of two who decide at once one does.
pub async fn approve(
    store: &Store,
    decider: Decider<'_>,
    id: AdjustmentId,
) -> Result<Option<Model>, Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some(row) = claim(&txn, decider, id, true).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let row = apply(&txn, row, decider.user_ref, now).await?;
    txn.commit().await?;
    Ok(Some(row))
}

/// Refuses change `id`; `None` if there is none.
pub async fn refuse(
    store: &Store,
    decider: Decider<'_>,
    id: AdjustmentId,
) -> Result<Option<Model>, Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some(row) = claim(&txn, decider, id, false).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let decided_by = Some(decider.user_ref.to_owned());
    let row = Model { state: State::Refused, decided_by, decided_at: Some(now), ..row };
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Refused))
        .col_expr(Column::DecidedBy, Expr::value(decider.user_ref))
        .col_expr(Column::DecidedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .exec(&txn)
        .await?;
    log(&txn, &row, (decider.user_ref, "refused"), now).await?;
    txn.commit().await?;
    Ok(Some(row))
}

/// Raises the version of change `id`, so that nobody else can decide: the row then.
async fn claim(
    txn: &DatabaseTransaction,
    decider: Decider<'_>,
    id: AdjustmentId,
    approves: bool,
) -> Result<Option<Model>, Error> {
    let Some(row) = Entity::find_by_id(id).one(txn).await? else { return Ok(None) };
    may_decide(&row, decider, approves)?;
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
