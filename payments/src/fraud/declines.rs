use std::collections::BTreeMap;

use boot::sql::{Column, Rows, Type, col, nullable};
use entities::{CustomerId, PaymentId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

const COLUMNS: &[Column] = &[
    col("payment_id", Type::Uuid),
    col("at", Type::Int),
    col("code", Type::Text),
    col("customer_id", Type::Uuid),
    nullable("address_blind", Type::Text),
];

/// A try to pay that was declined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) payment_id: PaymentId,
    pub(crate) at: Timestamp,
    pub(crate) code: String,
    pub(crate) customer_id: CustomerId,
    pub(crate) address_blind: Option<String>,
}

/// Notes `declines`, each once, however often it is told of, and says how many were new.
pub(crate) async fn note(txn: &DatabaseTransaction, declines: Vec<Decline>) -> Result<u64, DbErr> {
    if declines.is_empty() {
        return Ok(0);
    }
    // In one order, so that two batches wait for each other instead of deadlocking.
    let declines: BTreeMap<_, _> = declines
        .into_iter()
        .map(|decline| ((decline.payment_id, decline.at, decline.code.clone()), decline))
        .collect();
    let mut rows = Rows::new(COLUMNS);
    for decline in declines.into_values() {
        rows.push([
            decline.payment_id.uuid().into(),
            decline.at.micros().into(),
            decline.code.into(),
            decline.customer_id.uuid().into(),
            decline.address_blind.into(),
        ]);
    }
    let body = "INSERT INTO declines (payment_id, at, code, customer_id, address_blind) SELECT \
                payment_id, at, code, customer_id, address_blind FROM v WHERE true ON CONFLICT \
                (payment_id, at, code) DO NOTHING";
    let statement = rows.statement(txn.get_database_backend(), body, Vec::new());
    Ok(txn.execute_raw(statement).await?.rows_affected())
}
