use std::sync::Arc;

use boot::faults;
use entities::{MailId, job::Model};
use jobs::{Job, SendReceipt, queue};
use payments::mails;
use tokio::sync::mpsc;

use super::BATCH;
use crate::{Context, Ran, perform};

/// A job whose mail the server has accepted; or that turned out to need none, or to have had it.
pub(super) struct Sent {
    /// The mail that is to be marked.
    pub(super) mail: Option<MailId>,
    /// The job.
    pub(super) row: Model,
}

/// Settles what comes from `sent`, as much at once as has come meanwhile, until no more will.
pub(super) async fn all(context: &Arc<Context>, mut sent: mpsc::UnboundedReceiver<Sent>) {
    let mut some = Vec::with_capacity(BATCH);
    while sent.recv_many(&mut some, BATCH).await > 0 {
        let mails: Vec<MailId> = some.iter().filter_map(|sent| sent.mail).collect();
        let rows: Vec<Model> = some.drain(..).map(|sent| sent.row).collect();
        if let Err(error) = together(context, &mails, &rows).await {
            tracing::warn!(error = format!("{error:#}"), "mails are settled one by one");
            surely(context, &mails, &rows).await;
        }
    }
}

/// Notes that mails were accepted and their jobs are done, all in one transaction.
async fn together(context: &Context, mails: &[MailId], rows: &[Model]) -> anyhow::Result<()> {
    faults::point(SendReceipt::NAME, "sent").await?;
    let (db, now) = (&context.store.db, context.store.clock.now());
    let txn = db.begin().await?;
    mails::sent(&txn, mails, now).await?;
    queue::done(&txn, rows, now).await?;
    Ok(txn.commit().await?)
}

/// [`together`] though the database may fail for a moment, or a lease was lost: what was sent must not
/// be sent again for that.
async fn surely(context: &Arc<Context>, mails: &[MailId], rows: &[Model]) {
    let (db, now) = (&context.store.db, context.store.clock.now());
    let mut pauses = perform::SETTLE_AGAIN.iter();
    while let Err(error) = mails::sent(db.writer(), mails, now).await {
        let Some(pause) = pauses.next() else {
            tracing::warn!(%error, "mails that were sent are sent again when their leases end");
            return;
        };
        tokio::time::sleep(*pause).await;
    }
    for row in rows {
        perform::settle_one(context, row, Ok(Ran::Done)).await;
    }
}
