//! Alerts that no other change gives rise to.

use jobs::{Alert, Enqueued, Job};

use crate::{Error, Store};

/// Sees to it that a person hears of `alert`, once for each kind and subject; the job is to be
/// announced.
pub async fn raise(store: &Store, alert: &Alert) -> Result<Option<Enqueued>, Error> {
    let txn = store.db.begin().await?;
    let enqueued = alert.enqueue(&txn, store.clock.now()).await?;
    txn.commit().await?;
    Ok(enqueued)
}
