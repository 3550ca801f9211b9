use std::collections::{BTreeMap, HashMap, HashSet};

use boot::{
    faults,
    sql::{Column, Rows, Type, Writes, col},
};
use entities::{CustomerId, Timestamp, balance};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

use super::{CREDITS, available, held};
use crate::{Error, Store};

/// What a customer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Credits they may spend.
    pub available: i64,
    /// Credits that are set aside.
    pub held: i64,
}

/// What `customer` has.
pub async fn balance(store: &Store, customer: CustomerId) -> Result<Balance, Error> {
    of(store.db.reader(), customer).await
}

/// What `customer` has, as `connection` sees it.
pub(super) async fn of(
    connection: &impl ConnectionTrait,
    customer: CustomerId,
) -> Result<Balance, Error> {
    let (free, set_aside) = (available(customer), held(customer));
    let accounts = [free.clone(), set_aside.clone()];
    let rows = balance::Entity::find()
        .filter(balance::Column::Account.is_in(accounts))
        .filter(balance::Column::Asset.eq(CREDITS))
        .all(connection)
        .await?;
    let amount =
        |account: &str| rows.iter().find(|row| row.account == account).map_or(0, |row| row.amount);
    Ok(Balance { available: amount(&free), held: amount(&set_aside) })
}

/// What each of `customers` may spend; nothing is there of one who never had credits.
pub(crate) async fn spendable(
    store: &Store,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, i64>, Error> {
    const ACCOUNTS: &[Column] = &[col("customer", Type::Uuid), col("account", Type::Text)];
    let mut rows = Rows::new(ACCOUNTS);
    for customer in customers.iter().collect::<HashSet<_>>() {
        rows.push([customer.uuid().into(), available(*customer).into()]);
    }
    // Not a join: planned while there are no balances, PostgreSQL would read all of them each time.
    let body = "SELECT customer, (SELECT b.amount FROM balances b WHERE b.account = v.account AND \
                b.asset = ?1) AS amount FROM v";
    let statement = rows.statement(store.db.backend(), body, vec![CREDITS.into()]);
    let mut found = HashMap::new();
    for row in store.db.reader().query_all_raw(statement).await? {
        if let Some(amount) = row.try_get("", "amount")? {
            found.insert(CustomerId::from_uuid(row.try_get("", "customer")?), amount);
        }
    }
    Ok(found)
}

const COLUMNS: &[Column] = &[col("account", Type::Text), col("amount", Type::Int)];

/// Adds `changes` to the credit balances of customers' accounts.
///
/// In the order of the accounts, so that two transactions lock rows in the same order.
pub(super) async fn add(
    txn: &DatabaseTransaction,
    changes: BTreeMap<String, i64>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let mut writes = Writes::new();
    stage(&mut writes, changes, now);
    writes.execute(txn).await?;
    Ok(())
}

/// Adds to `writes` what [`add`] adds.
pub(super) fn stage(writes: &mut Writes, changes: BTreeMap<String, i64>, now: Timestamp) {
    let mut rows = Rows::new(COLUMNS);
    for (account, amount) in changes {
        let forgotten = i64::from(faults::planted("balance-forgotten"));
        rows.push([account.into(), (amount - forgotten).into()]);
    }
    let body = "INSERT INTO balances (account, asset, amount, updated_at) SELECT account, ?1, \
                amount, ?2 FROM v WHERE true ORDER BY account ON CONFLICT (account, asset) DO \
                UPDATE SET amount = balances.amount + excluded.amount, updated_at = \
                excluded.updated_at";
    let more = vec![CREDITS.into(), now.micros().into()];
    writes.add(rows, body, more);
}
