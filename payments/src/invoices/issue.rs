use boot::sql::{self, Column, Rows, Type, col};
use entities::{InvoiceId, Timestamp, payment::Model};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::SERIES;
use crate::Error;

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("number", Type::Int),
    col("payment_id", Type::Uuid),
    col("customer_id", Type::Uuid),
];

/// Numbers an invoice for each of `payments`, none of which has one, if and only if `txn` commits.
///
/// The row of the series is locked until then, so that no number is lost or given twice: call this
/// last in a transaction.
pub async fn issue(
    txn: &DatabaseTransaction,
    payments: &[&Model],
    now: Timestamp,
) -> Result<(), Error> {
    if payments.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(payments.len()).unwrap_or(i64::MAX);
    let body = "INSERT INTO invoice_series (series, last) VALUES (?1, ?2) ON CONFLICT (series) DO \
                UPDATE SET last = invoice_series.last + excluded.last RETURNING last";
    let backend = txn.get_database_backend();
    let statement = sql::statement(backend, body, vec![SERIES.into(), count.into()]);
    let row = txn.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::Inconsistent("the series gave no number".to_owned()))?;
    let last: i64 = row.try_get("", "last")?;
    let mut rows = Rows::new(COLUMNS);
    for (number, payment) in (last - count + 1..).zip(payments) {
        rows.push([
            InvoiceId::new().uuid().into(),
            number.into(),
            payment.id.uuid().into(),
            payment.customer_id.uuid().into(),
        ]);
    }
    let body = "INSERT INTO invoices (id, series, number, payment_id, customer_id, issued_at) \
                SELECT id, ?1, number, payment_id, customer_id, ?2 FROM v";
    txn.execute_raw(rows.statement(backend, body, vec![SERIES.into(), now.micros().into()]))
        .await?;
    Ok(())
}
