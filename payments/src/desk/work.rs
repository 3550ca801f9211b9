//! What a person does to jobs, written down.

use jobs::{
    Enqueued,
    queue::{self, Filter},
};

use crate::{
    Error, Store,
    audit::{self, Line},
};

/// What is done to jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The dead and the cancelled wait again, with all their attempts.
    Requeue,
    /// The waiting and the dead are called off.
    Cancel,
}

/// Does `wish` to the jobs that `filter` means, in `actor`'s name; what was done to is returned, and
/// is to be announced if it waits again.
pub async fn change(
    store: &Store,
    filter: &Filter,
    wish: Wish,
    actor: &str,
) -> Result<Vec<Enqueued>, Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let (action, settled) = match wish {
        Wish::Requeue => ("job.requeue", queue::requeue(&txn, filter, now).await?),
        Wish::Cancel => ("job.cancel", queue::cancel(&txn, filter, now).await?),
    };
    let line = |job: &Enqueued| Line {
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: job.id.to_string(),
        before: None,
        after: None,
    };
    audit::write(&txn, settled.jobs.iter().map(line).collect(), now).await?;
    txn.commit().await?;
    Ok(settled.jobs)
}
