use entities::{
    CustomerId, Timestamp,
    refund_request::{Column, Entity},
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};

use super::{REASON, place};
use crate::{Error, Store};

/// What stands where a customer's reason stood.
const ERASED: &str = "(erased)";

/// Erases what `customer` wrote in their requests for refunds; amounts and decisions stay.
///
/// A decision that is being made about one of them at this moment is made anew.
pub(crate) async fn erase_words(
    store: &Store,
    txn: &DatabaseTransaction,
    customer: CustomerId,
    now: Timestamp,
) -> Result<(), Error> {
    let requests = Entity::find().filter(Column::CustomerId.eq(customer)).lock_exclusive();
    for request in requests.all(txn).await? {
        let erased = store.vault.seal(place(REASON, request.id), ERASED.as_bytes())?;
        let none = || Expr::value(None::<Vec<u8>>);
        Entity::update_many()
            .col_expr(Column::Reason, Expr::value(erased))
            .col_expr(Column::Details, none())
            .col_expr(Column::Appeal, none())
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::Id.eq(request.id))
            .exec(txn)
            .await?;
    }
    Ok(())
}
