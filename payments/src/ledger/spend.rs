use boot::sql::{self, Column, Rows, Type, col};
use entities::{CustomerId, Timestamp, TransferId, adjustment, credit_lot, ledger_transfer::Kind};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
};

use uuid::Uuid;

use super::{
    CREDITS, SPENT, available, balance,
    post::{Transfer, post},
};
use crate::{Error, Store};

/// What came of [`spend`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The credits were taken.
    Taken,
    /// They had been taken before, under the same reference.
    Before,
}

/// Takes `credits` of `customer`, oldest lot first; once for each `reference`, never below zero.
/// Fails with [`Error::SpentDifferently`] if the reference took another number before.
pub async fn spend(
    store: &Store,
    customer: CustomerId,
    credits: i64,
    reference: &str,
) -> Result<Spent, Error> {
    if credits <= 0 {
        return Err(Error::Invalid("at least one credit is spent"));
    }
    if reference.is_empty() || reference.len() > 255 {
        return Err(Error::Invalid("a spend's reference has 1 to 255 bytes"));
    }
    let now = store.clock.now();
    let transfer = Transfer {
        id: TransferId::new(),
        kind: Kind::Spend,
        source_ref: format!("{customer}:{reference}"),
        customer_id: customer,
        legs: vec![
            (available(customer), CREDITS.to_owned(), -credits),
            (SPENT.to_owned(), CREDITS.to_owned(), credits),
        ],
    };
    let txn = store.db.begin().await?;
    if post(&txn, vec![transfer], now).await?.is_empty() {
        txn.rollback().await?;
        let before = taken_before(store, customer, reference).await?;
        if before != credits {
            return Err(Error::SpentDifferently { asked: credits, before });
        }
        return Ok(Spent::Before);
    }
    if !take_available(&txn, customer, credits, now).await? {
        txn.rollback().await?;
        let available = balance(store, customer).await?.available;
        return Err(Error::NotEnoughCredits { asked: credits, available });
    }
    take_from_lots(&txn, customer, credits).await?;
    txn.commit().await?;
    Ok(Spent::Taken)
}

/// Takes `credits` of what `customer` may spend, unless there are fewer.
///
/// The condition is the lock: of two spenders the second sees what the first left.
pub(super) async fn take_available(
    txn: &DatabaseTransaction,
    customer: CustomerId,
    credits: i64,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let body = "UPDATE balances SET amount = amount - ?1, updated_at = ?2 WHERE account = ?3 AND \
                asset = ?4 AND amount >= ?1";
    let account = available(customer);
    let values = vec![credits.into(), now.micros().into(), account.into(), CREDITS.into()];
    let statement = sql::statement(txn.get_database_backend(), body, values);
    Ok(txn.execute_raw(statement).await?.rows_affected() == 1)
}

/// How many credits `reference` took.
async fn taken_before(store: &Store, customer: CustomerId, reference: &str) -> Result<i64, Error> {
    let body = "SELECT e.amount AS amount FROM ledger_transfers t JOIN ledger_entries e ON \
                e.transfer_id = t.id WHERE t.kind = ?1 AND t.source_ref = ?2 AND e.account = ?3";
    let values =
        vec![Kind::Spend.as_str().into(), format!("{customer}:{reference}").into(), SPENT.into()];
    let statement = sql::statement(store.db.backend(), body, values);
    let row = store.db.writer().query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::Inconsistent("a spend vanished".to_owned()))?;
    Ok(row.try_get("", "amount")?)
}

const TAKEN: &[Column] = &[col("id", Type::Uuid), col("taken", Type::Int)];

/// Takes `credits` from the lots of `customer`, oldest first, and then from what was given by hand: so
/// that what is refunded of a purchase is never what was a gift.
///
/// The balance row is locked, so nobody else is at this customer's lots.
pub(super) async fn take_from_lots(
    txn: &DatabaseTransaction,
    customer: CustomerId,
    credits: i64,
) -> Result<(), Error> {
    let lots = credit_lot::Entity::find()
        .filter(credit_lot::Column::CustomerId.eq(customer))
        .filter(credit_lot::Column::Remaining.gt(0))
        .order_by_asc(credit_lot::Column::CreatedAt)
        .order_by_asc(credit_lot::Column::Id)
        .all(txn)
        .await?;
    let lots = lots.iter().map(|lot| (lot.id.uuid(), lot.remaining));
    let left = take(txn, "credit_lots", lots, credits).await?;
    if left == 0 {
        return Ok(());
    }
    let gifts = adjustment::Entity::find()
        .filter(adjustment::Column::CustomerId.eq(customer))
        .filter(adjustment::Column::Remaining.gt(0))
        .order_by_asc(adjustment::Column::Id)
        .all(txn)
        .await?;
    let gifts = gifts.iter().map(|gift| (gift.id.uuid(), gift.remaining));
    let left = take(txn, "credit_adjustments", gifts, left).await?;
    if left > 0 {
        let problem = format!("{customer} has {left} more credits in the balance than in lots");
        return Err(Error::Inconsistent(problem));
    }
    Ok(())
}

/// Takes up to `credits` from rows of `table`, each an id and what remains of it, in this order;
/// returns how many are left to take.
async fn take(
    txn: &DatabaseTransaction,
    table: &str,
    from: impl Iterator<Item = (Uuid, i64)>,
    credits: i64,
) -> Result<i64, DbErr> {
    let mut rows = Rows::new(TAKEN);
    let mut left = credits;
    for (id, remaining) in from {
        let taken = left.min(remaining);
        if taken == 0 {
            break;
        }
        left -= taken;
        rows.push([id.into(), taken.into()]);
    }
    if !rows.is_empty() {
        let body = format!(
            "UPDATE {table} SET remaining = remaining - v.taken FROM v WHERE {table}.id = v.id"
        );
        txn.execute_raw(rows.statement(txn.get_database_backend(), &body, Vec::new())).await?;
    }
    Ok(left)
}
