//! The end of an account: personal data goes, what the law needs stays (`AC9.3.6`).

use boot::sql;
use jobs::{DetachMethods, Enqueued, Job};
use sea_orm::ConnectionTrait;

use crate::{
    Error, Store, adjustments,
    audit::{self, Line},
    customers, disputes, fraud, mails, refunds, sessions,
};

/// Closes the account of `user_ref`: mail address, billing details, the network addresses they bought
/// from, to whom their mails went, what they wrote about refunds and what was said about them in
/// disputes are erased, their sessions end, saved methods can no longer be used here and are taken off
/// at the provider by the job that is enqueued.
///
/// Payments, invoices and the ledger stay, as tax law asks. Closing twice is closing once.
pub async fn close(store: &Store, user_ref: &str) -> Result<Option<Enqueued>, Error> {
    let Some(customer) = customers::find(store, user_ref).await? else {
        return Ok(None);
    };
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let body = "UPDATE customers SET email = NULL, billing = NULL, closed_at = ?1, updated_at = \
                ?1 WHERE id = ?2 AND closed_at IS NULL";
    let values = vec![now.micros().into(), customer.id.uuid().into()];
    let statement = sql::statement(txn.get_database_backend(), body, values);
    let first = txn.execute_raw(statement).await?.rows_affected() == 1;
    let body = "UPDATE payment_methods SET detached_at = ?1 WHERE customer_id = ?2 AND \
                detached_at IS NULL";
    let values = vec![now.micros().into(), customer.id.uuid().into()];
    txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    fraud::forget(&txn, customer.id).await?;
    if let Some(address) = customers::email(store, &customer)? {
        mails::forget(store, &txn, &address).await?;
    }
    sessions::end_all(&txn, user_ref).await?;
    refunds::erase_words(store, &txn, customer.id, now).await?;
    disputes::erase_words(&txn, customer.id).await?;
    adjustments::erase_reasons(&txn, customer.id).await?;
    if first {
        let line = Line {
            actor: format!("user:{user_ref}"),
            action: "account.close".to_owned(),
            subject: customer.id.to_string(),
            before: None,
            after: None,
        };
        audit::write(&txn, vec![line], now).await?;
    }
    let enqueued = DetachMethods { customer_id: customer.id }.enqueue(&txn, now).await?;
    txn.commit().await?;
    Ok(enqueued)
}
