use boot::sql;
use entities::{CustomerId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use crate::{Error, Store};

/// Answers of the customer `?1` that are settled: what is still to be sent stays until it was.
const OF_CUSTOMER: &str = "SELECT a.id FROM dispute_answers a JOIN disputes d ON d.id = \
                           a.dispute_id JOIN payments p ON p.id = d.payment_id WHERE \
                           p.customer_id = ?1 AND a.state IN ('sent', 'failed')";

/// Answers to disputes that ended before `?1`, and settled ones of accounts that were closed.
const OLD: &str = "SELECT a.id FROM dispute_answers a JOIN disputes d ON d.id = a.dispute_id JOIN \
                   payments p ON p.id = d.payment_id JOIN customers c ON c.id = p.customer_id WHERE \
                   d.closed_at < ?1 OR (c.closed_at IS NOT NULL AND a.state IN ('sent', 'failed'))";

/// Erases what was said about `customer` in disputes, with its files; that it was said stays. What is
/// on its way now is erased by [`prune`].
pub(crate) async fn erase_words(
    txn: &DatabaseTransaction,
    customer: CustomerId,
) -> Result<(), Error> {
    erase(txn, OF_CUSTOMER, customer.uuid().into()).await?;
    Ok(())
}

/// Erases what was said in disputes that ended before `before`, and about whoever closed their
/// account; returns how many files went.
pub async fn prune(store: &Store, before: Timestamp) -> Result<u64, Error> {
    let txn = store.db.begin().await?;
    let files = erase(&txn, OLD, before.micros().into()).await?;
    txn.commit().await?;
    Ok(files)
}

/// Erases words and files of the answers that `which` names, with `value` for its `?1`.
async fn erase(txn: &DatabaseTransaction, which: &str, value: Value) -> Result<u64, Error> {
    let backend = txn.get_database_backend();
    let body = format!("DELETE FROM dispute_files WHERE answer_id IN ({which})");
    let statement = sql::statement(backend, &body, vec![value.clone()]);
    let files = txn.execute_raw(statement).await?.rows_affected();
    let body = format!(
        "UPDATE dispute_answers SET words = NULL, version = version + 1 WHERE words IS NOT NULL \
         AND id IN ({which})"
    );
    txn.execute_raw(sql::statement(backend, &body, vec![value])).await?;
    Ok(files)
}
