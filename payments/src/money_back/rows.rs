use entities::{Timestamp, dispute, payment, refund, refund_request, review};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel,
    QueryFilter, sea_query::Expr,
};

use super::Books;
use crate::Error;

/// Writes `row` of a table with a version, if it is not as `old` and still as `old` was.
macro_rules! write_row {
    ($txn:expr, $table:ident, $old:expr, $row:expr, $now:expr) => {{
        use $table::{Column, Entity, Model};
        let (old, row): (Option<&Model>, &Model) = ($old, $row);
        match old {
            None => {
                row.clone().into_active_model().reset_all().insert($txn).await?;
            }
            Some(old) if old == row => {}
            Some(old) => {
                let changed = Model { version: old.version + 1, updated_at: $now, ..row.clone() };
                let written = Entity::update_many()
                    .set(changed.into_active_model().reset_all())
                    .filter(Column::Id.eq(row.id).and(Column::Version.eq(old.version)))
                    .exec($txn)
                    .await?;
                if written.rows_affected != 1 {
                    return Err(Error::Stale(row.payment_id));
                }
            }
        }
    }};
}

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
        write_row!(txn, refund_request, old, row, now);
    }
    for row in &after.refunds {
        let old = before.refunds.iter().find(|old| old.id == row.id);
        write_row!(txn, refund, old, row, now);
    }
    for row in &after.disputes {
        let old = before.disputes.iter().find(|old| old.id == row.id);
        write_row!(txn, dispute, old, row, now);
    }
    for row in &after.reviews {
        let old = before.reviews.iter().find(|old| old.id == row.id);
        write_review(txn, old, row).await?;
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

async fn write_review(
    txn: &DatabaseTransaction,
    old: Option<&review::Model>,
    row: &review::Model,
) -> Result<(), Error> {
    use review::{Column, Entity};
    let Some(old) = old.filter(|old| *old != row) else { return Ok(()) };
    let changed = review::Model { version: old.version + 1, ..row.clone() };
    let written = Entity::update_many()
        .set(changed.into_active_model().reset_all())
        .filter(Column::Id.eq(row.id).and(Column::Version.eq(old.version)))
        .exec(txn)
        .await?;
    if written.rows_affected == 1 { Ok(()) } else { Err(Error::Stale(row.payment_id)) }
}
