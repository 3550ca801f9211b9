use boot::sql::{Column, Rows, Type, col, nullable};
use entities::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::Working;
use crate::Error;

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("version", Type::Int),
    nullable("provider_reference", Type::Text),
    col("status", Type::Text),
    nullable("failure_code", Type::Text),
    nullable("decline_code", Type::Text),
    nullable("failed_at", Type::Int),
    nullable("method_kind", Type::Text),
    nullable("method_brand", Type::Text),
    nullable("method_last4", Type::Text),
    nullable("method_wallet", Type::Text),
    nullable("receipt_url", Type::Text),
    nullable("card_blind", Type::Text),
    nullable("card_country", Type::Text),
    nullable("risk", Type::Text),
    nullable("risk_score", Type::Int),
    col("updated_at", Type::Int),
    nullable("succeeded_at", Type::Int),
];

const UPDATE: &str = "UPDATE payments SET version = payments.version + 1, provider_reference = \
                      v.provider_reference, status = v.status, failure_code = v.failure_code, \
                      decline_code = v.decline_code, failed_at = v.failed_at, method_kind = \
                      v.method_kind, method_brand = v.method_brand, method_last4 = v.method_last4, \
                      method_wallet = v.method_wallet, receipt_url = v.receipt_url, card_blind = v.card_blind, card_country = \
                      v.card_country, risk = v.risk, risk_score = v.risk_score, updated_at = v.updated_at, succeeded_at = \
                      v.succeeded_at FROM v WHERE payments.id = v.id AND payments.version = \
                      v.version";

/// Writes the payments that were changed; all of them or, if one was changed since, none.
pub(super) async fn payments(txn: &DatabaseTransaction, changed: &[Working]) -> Result<(), Error> {
    let Some(first) = changed.first() else {
        return Ok(());
    };
    let mut rows = Rows::new(COLUMNS);
    for Working { row, .. } in changed {
        rows.push([
            row.id.uuid().into(),
            row.version.into(),
            row.provider_reference.clone().into(),
            row.status.as_str().into(),
            row.failure_code.clone().into(),
            row.decline_code.clone().into(),
            row.failed_at.map(Timestamp::micros).into(),
            row.method_kind.clone().into(),
            row.method_brand.clone().into(),
            row.method_last4.clone().into(),
            row.method_wallet.clone().into(),
            row.receipt_url.clone().into(),
            row.card_blind.clone().into(),
            row.card_country.clone().into(),
            row.risk.map(|risk| risk.as_str().to_owned()).into(),
            row.risk_score.into(),
            row.updated_at.micros().into(),
            row.succeeded_at.map(Timestamp::micros).into(),
        ]);
    }
    let statement = rows.statement(txn.get_database_backend(), UPDATE, Vec::new());
    let written = txn.execute_raw(statement).await?.rows_affected();
    if written == changed.len() as u64 { Ok(()) } else { Err(Error::Stale(first.row.id)) }
}
