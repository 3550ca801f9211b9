use std::{ops::Range, time::Duration};

use anyhow::anyhow;
use entities::{Timestamp, job::Model, provider_event::Source};
use gateways::Gateway;
use jobs::Reconcile;
use payments::{
    checkout,
    inbox::{self, Delivery, Recorded},
};

use crate::{
    Context, JobError, Ran, Run,
    follow::{Collect, apply_now, follow},
};

/// A payment that changed less long ago is being paid just now; its events are on their way.
const SETTLING: Duration = Duration::from_mins(2);

/// Payments asked about in a run, the newest: the older ones were when they were new. At a few
/// calls a second this fits the job's time.
const MAX_OPEN: u64 = 200;

impl Run for Reconcile {
    #[tracing::instrument(name = "job.reconcile", skip_all, fields(provider = %self.provider))]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let gateway = context.gateways.get(self.provider);
        let gateway =
            gateway.ok_or_else(|| JobError::Bury(anyhow!("{} is not set up", self.provider)))?;
        let now = context.store.clock.now();
        let window = Duration::from_secs(self.window_seconds);
        let since = now - window.min(gateway.events_kept());
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
        ask_about_open(context, gateway.as_ref(), now - window..now - SETTLING).await?;
        metrics::counter!("quittance_events_missed_total").increment(missed as u64);
        if missed > 0 {
            tracing::warn!(seen, missed, "events had not reached us; they are applied now");
        } else {
            tracing::info!(seen, "every event had reached us");
        }
        Ok(Ran::Done)
    }
}

/// Asks about the payments whose end we do not know, in case no event ever tells it.
async fn ask_about_open(
    context: &Context,
    gateway: &dyn Gateway,
    span: Range<Timestamp>,
) -> Result<(), JobError> {
    let open = checkout::unfinished(&context.store, gateway.provider(), span, MAX_OPEN).await?;
    for payment in open {
        let Some(reference) = &payment.provider_reference else { continue };
        match ask(context, gateway, reference).await {
            Ok(()) => {}
            Err(JobError::Bury(error)) => {
                let error = format!("{error:#}");
                tracing::warn!(payment.id = %payment.id, error, "a payment cannot be looked up");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn ask(context: &Context, gateway: &dyn Gateway, reference: &str) -> Result<(), JobError> {
    let told = gateway.retrieve_payment(reference).await?;
    let item = follow(context, gateway, told, Collect::Agreed, None).await?;
    apply_now(context, gateway, &[item]).await?;
    Ok(())
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
