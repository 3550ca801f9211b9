use std::time::Duration;

use anyhow::anyhow;
use entities::{job::Model, provider_event::Source};
use gateways::Gateway;
use jobs::Reconcile;
use payments::inbox::{self, Delivery, Recorded};

use crate::{Context, JobError, Ran, Run};

impl Run for Reconcile {
    #[tracing::instrument(name = "job.reconcile", skip_all, fields(provider = %self.provider))]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let gateway = context.gateways.get(self.provider);
        let gateway =
            gateway.ok_or_else(|| JobError::Bury(anyhow!("{} is not set up", self.provider)))?;
        let since = context.store.clock.now() - Duration::from_secs(self.window_seconds);
        let (mut seen, mut missed, mut after) = (0_usize, 0_usize, None);
        loop {
            let page = gateway.list_events(since, after.as_deref()).await?;
            seen += page.events.len();
            missed += record(context, gateway.as_ref(), &page.events).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        metrics::counter!("quittance_events_missed_total").increment(missed as u64);
        if missed > 0 {
            tracing::warn!(seen, missed, "events had not reached us; they are applied now");
        } else {
            tracing::info!(seen, "every event had reached us");
        }
        Ok(Ran::Done)
    }
}

/// Puts what we do not have into the inbox, and says how many that were.
async fn record(
    context: &Context,
    gateway: &dyn Gateway,
    events: &[String],
) -> Result<usize, JobError> {
    let mut deliveries = Vec::with_capacity(events.len());
    for event in events {
        let envelope = match gateway.open_fetched(event.as_bytes()) {
            Ok(envelope) => envelope,
            Err(error) => {
                tracing::error!(%error, "the provider listed an event that cannot be read");
                continue;
            }
        };
        deliveries.push(Delivery {
            provider: gateway.provider(),
            account: envelope.account,
            livemode: envelope.livemode,
            event_id: envelope.event_id,
            kind: envelope.kind,
            occurred_at: envelope.occurred_at,
            body: event.clone().into_bytes(),
            source: Source::Poll,
        });
    }
    if deliveries.is_empty() {
        return Ok(0);
    }
    let (recorded, enqueued) = inbox::record(&context.store, &deliveries).await?;
    context.dispatcher.announce(enqueued);
    Ok(recorded.iter().filter(|recorded| matches!(recorded, Recorded::New(_))).count())
}
