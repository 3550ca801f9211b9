use std::time::Duration;

use boot::sql;
use entities::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::Error;

/// The span in which what somebody changes alone is added up.
const SPAN: Duration = Duration::from_hours(24);

/// How many credits `user_ref` has given and taken alone, by nobody's word but their own, in the 24
/// hours before `now`.
///
/// Nobody else can ask in their name before `txn` ends, so that of two who ask at once the second is
/// told of the first.
pub(super) async fn changed_alone(
    txn: &DatabaseTransaction,
    user_ref: &str,
    now: Timestamp,
) -> Result<i64, Error> {
    let backend = txn.get_database_backend();
    let lock = "INSERT INTO adjusters (user_ref, asked_at) VALUES (?1, ?2) ON CONFLICT (user_ref) DO \
                UPDATE SET asked_at = excluded.asked_at";
    let values = vec![user_ref.into(), now.micros().into()];
    txn.execute_raw(sql::statement(backend, lock, values)).await?;
    let body = "SELECT CAST(COALESCE(SUM(ABS(credits)), 0) AS BIGINT) AS n FROM credit_adjustments \
                WHERE asked_by = ?1 AND decided_by = ?1 AND state = 'applied' AND decided_at > ?2";
    let values = vec![user_ref.into(), (now - SPAN).micros().into()];
    let row = txn.query_one_raw(sql::statement(backend, body, values)).await?;
    let row = row.ok_or_else(|| Error::Inconsistent("a sum has no row".to_owned()))?;
    Ok(row.try_get("", "n")?)
}
