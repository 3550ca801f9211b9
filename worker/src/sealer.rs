//! Seals the audit log, all the time: what was written and is not sealed could still be changed
//! without a trace.

use std::{sync::Arc, time::Duration};

use jobs::Alert;
use payments::{alerts, audit, leases};

use crate::Context;

/// How often lines are sealed.
const PAUSE: Duration = Duration::from_secs(20);

/// How long the duty to seal is held; a dead sealer is replaced after that.
const DUTY: Duration = Duration::from_mins(1);

/// Seals until the process ends.
pub(crate) async fn run(context: Arc<Context>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = step(&context).await {
            tracing::warn!(error = format!("{error:#}"), "the audit log could not be sealed");
        }
    }
}

async fn step(context: &Context) -> Result<(), payments::Error> {
    let (store, now) = (&context.store, context.store.clock.now());
    if !leases::hold(&store.db, "seal-audit", &context.worker, now, DUTY).await? {
        return Ok(());
    }
    match audit::seal(store).await {
        Ok(sealed) if sealed.lines > 0 => {
            context.audit_seen.note(sealed.head);
            // Logs are kept elsewhere: whoever cuts the log's end cannot cut this.
            let head = sealed.head.map(|head| head.to_string()).unwrap_or_default();
            tracing::info!(audit.lines = sealed.lines, audit.head = head, "sealed the audit log");
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(payments::Error::Inconsistent(detail)) => {
            tracing::error!(detail, "the audit log was meddled with; no line of it is sealed now");
            let subject = "sealing".to_owned();
            let alert = Alert { kind: "audit-chain".to_owned(), subject, detail };
            let enqueued = alerts::raise(store, &alert).await?;
            context.dispatcher.announce(enqueued.into_iter().collect());
            Ok(())
        }
        Err(error) => Err(error),
    }
}
