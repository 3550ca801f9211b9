use entities::{Timestamp, dispute, payment, refund, refund_request};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel,
    QueryFilter, sea_query::Expr,
};

use super::Books;
use crate::Error;

/// Writes the rows of `after` that are not as in `before`; each only if it is still as it was.
pub(super) async fn write(
    txn: &DatabaseTransaction,
    before: &Books,
    after: &Books,
    now: Timestamp,
) -> Result<(), Error> {
    write_payment(txn, &before.payment, &after.payment, now).await?;
    for row in &after.requests {
        let old = before.requests.iter().find(|old| old.id == row.id);
        write_request(txn, old, row, now).await?;
    }
    for row in &after.refunds {
        let old = before.refunds.iter().find(|old| old.id == row.id);
        write_refund(txn, old, row, now).await?;
    }
    for row in &after.disputes {
        let old = before.disputes.iter().find(|old| old.id == row.id);
        write_dispute(txn, old, row, now).await?;
    }
    Ok(())
}

async fn write_payment(
    txn: &DatabaseTransaction,
    old: &payment::Model,
    row: &payment::Model,
    now: Timestamp,
) -> Result<(), Error> {
    use payment::Column;
    if old == row {
        return Ok(());
    }
    let written = payment::Entity::update_many()
        .col_expr(Column::Status, Expr::value(row.status.as_str()))
        .col_expr(Column::Refunded, Expr::value(row.refunded))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(row.id).and(Column::Version.eq(old.version)))
        .exec(txn)
        .await?;
    if written.rows_affected == 1 { Ok(()) } else { Err(Error::Stale(row.id)) }
}

async fn write_request(
    txn: &DatabaseTransaction,
    old: Option<&refund_request::Model>,
    row: &refund_request::Model,
    now: Timestamp,
) -> Result<(), Error> {
    use refund_request::{Column, Entity};
    let Some(old) = old else {
        row.clone().into_active_model().reset_all().insert(txn).await?;
        return Ok(());
    };
    if old == row {
        return Ok(());
    }
    let changed =
        refund_request::Model { version: old.version + 1, updated_at: now, ..row.clone() };
    let written = Entity::update_many()
        .set(changed.into_active_model().reset_all())
        .filter(Column::Id.eq(row.id).and(Column::Version.eq(old.version)))
        .exec(txn)
        .await?;
    if written.rows_affected == 1 { Ok(()) } else { Err(Error::Stale(row.payment_id)) }
}

async fn write_refund(
    txn: &DatabaseTransaction,
    old: Option<&refund::Model>,
    row: &refund::Model,
    now: Timestamp,
) -> Result<(), Error> {
    use refund::{Column, Entity};
    let Some(old) = old else {
        row.clone().into_active_model().reset_all().insert(txn).await?;
        return Ok(());
    };
    if old == row {
        return Ok(());
    }
    let changed = refund::Model { version: old.version + 1, updated_at: now, ..row.clone() };
    let written = Entity::update_many()
        .set(changed.into_active_model().reset_all())
        .filter(Column::Id.eq(row.id).and(Column::Version.eq(old.version)))
        .exec(txn)
        .await?;
    if written.rows_affected == 1 { Ok(()) } else { Err(Error::Stale(row.payment_id)) }
}

async fn write_dispute(
    txn: &DatabaseTransaction,
    old: Option<&dispute::Model>,
    row: &dispute::Model,
    now: Timestamp,
) -> Result<(), Error> {
    use dispute::{Column, Entity};
    let Some(old) = old else {
        row.clone().into_active_model().reset_all().insert(txn).await?;
        return Ok(());
    };
    if old == row {
        return Ok(());
    }
    let changed = dispute::Model { version: old.version + 1, updated_at: now, ..row.clone() };
    let written = Entity::update_many()
        .set(changed.into_active_model().reset_all())
        .filter(Column::Id.eq(row.id).and(Column::Version.eq(old.version)))
        .exec(txn)
        .await?;
    if written.rows_affected == 1 { Ok(()) } else { Err(Error::Stale(row.payment_id)) }
}
