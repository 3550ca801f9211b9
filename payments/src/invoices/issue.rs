use boot::sql::{Column, Rows, Type, Writes, col};
use entities::{InvoiceId, Timestamp, payment::Model};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr};

use super::SERIES;

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    // How many of them come after it.
    col("before", Type::Int),
    col("payment_id", Type::Uuid),
    col("customer_id", Type::Uuid),
];

/// Numbers an invoice for `payment`, which has none, if and only if `txn` commits. Call it last.
pub(super) async fn issue(
    txn: &DatabaseTransaction,
    payment: &Model,
    now: Timestamp,
) -> Result<(), DbErr> {
    let mut writes = Writes::new();
    stage(&mut writes, txn.get_database_backend(), &[payment], now);
    writes.execute(txn).await?;
    Ok(())
}

/// Adds to `writes` an invoice for each of `payments`, none of which has one, with the next numbers.
///
/// The row of the series is locked until its transaction ends, so that no number is lost or given
/// twice: `writes` are to be executed last in it.
pub(crate) fn stage(
    writes: &mut Writes,
    backend: DatabaseBackend,
    payments: &[&Model],
    now: Timestamp,
) {
    if payments.is_empty() {
        return;
    }
    let count = i64::try_from(payments.len()).unwrap_or(i64::MAX);
    let body = "INSERT INTO invoice_series (series, last) VALUES (?1, ?2) ON CONFLICT (series) DO \
                UPDATE SET last = invoice_series.last + excluded.last";
    let more = vec![SERIES.into(), count.into()];
    let series = writes.add_table(("invoice_series", "series, last"), None, body, more);
    let mut rows = Rows::new(COLUMNS);
    for (payment, before) in payments.iter().rev().zip(0_i64..) {
        rows.push([
            InvoiceId::new().uuid().into(),
            before.into(),
            payment.id.uuid().into(),
            payment.customer_id.uuid().into(),
        ]);
    }
    let body = format!(
        "INSERT INTO invoices (id, series, number, payment_id, customer_id, issued_at) SELECT v.id, \
         s.series, s.last - v.before, v.payment_id, v.customer_id, ?2 FROM v JOIN {} s ON s.series = \
         ?1",
        series.name(backend)
    );
    writes.add(rows, body, vec![SERIES.into(), now.micros().into()]);
}
