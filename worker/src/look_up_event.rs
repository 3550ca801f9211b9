use anyhow::anyhow;
use entities::{EventId, Timestamp, job::Model};
use jobs::{LookUpEvent, NewJob, queue};
use payments::{
    apply::{self, Item, Outcome},
    inbox::{self, Opened, Verdict},
};

use crate::{
    Context, JobError, Ran, Run,
    apply_event::dead_event,
    follow::{Collect, follow, policy},
};
use gateways::{Gateway, GatewayError, Reading};

impl Run for LookUpEvent {
    #[tracing::instrument(name = "job.look_up_event", skip_all, fields(event.id = %self.event_id))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        let store = &context.store;
        let Some(opened) = inbox::find(store, self.event_id).await? else {
            return Ok(Ran::Done);
        };
        let provider = opened.event.provider;
        let gateway = context.gateways.get(provider);
        let gateway =
            gateway.ok_or_else(|| JobError::Bury(anyhow!("{provider} is not set up")))?.as_ref();
        let policy = policy(context, gateway)?;
        let items = look(context, gateway, &opened).await?;

        let now = store.clock.now();
        let txn = store.db.begin().await?;
        let applied = apply::apply(&txn, policy, &items, now).await?;
        let mut enqueued = applied.enqueued;
        let verdict = verdict(applied.outcomes.last());
        if let Verdict::Dead(cause) = &verdict {
            let alert = NewJob::of(&dead_event(self.event_id, cause), now);
            enqueued.extend(queue::insert(&txn, vec![alert], now).await?);
        }
        let is_applied = verdict == Verdict::Applied;
        inbox::settle(&txn, &[(self.event_id, verdict)], now).await?;
        queue::done(&txn, std::slice::from_ref(row), now).await.map_err(payments::Error::from)?;
        txn.commit().await?;
        context.dispatcher.announce(enqueued);
        if is_applied {
            observe(opened.event.received_at, now);
        }
        Ok(Ran::Settled)
    }
}

/// What there is to apply, the provider's present word last: it wins over what its event said.
async fn look(
    context: &Context,
    gateway: &dyn Gateway,
    opened: &Opened,
) -> Result<Vec<Item>, JobError> {
    let event_id: Option<EventId> = Some(opened.event.id);
    let (mut items, reference) = match gateway.read(&opened.body) {
        Ok(Reading::Fact(told)) => {
            let reference = told.reference.clone();
            (vec![Item { fact: *told, event_id }], reference)
        }
        Ok(Reading::Hint(reference)) => (Vec::new(), reference),
        Ok(Reading::Methods(_) | Reading::Irrelevant) | Err(_) => {
            let provider = gateway.provider();
            let cause = anyhow!("{provider} sent an event that can no longer be read");
            return Err(JobError::Bury(cause));
        }
    };
    match gateway.retrieve_payment(&reference).await {
        Ok(told) => items.push(follow(context, gateway, told, Collect::Agreed, event_id).await?),
        Err(GatewayError::Api { status: 404, .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(items)
}

fn verdict(outcome: Option<&Outcome>) -> Verdict {
    match outcome {
        Some(Outcome::Applied(_)) => Verdict::Applied,
        Some(Outcome::Contradicted(id, rule)) => Verdict::Dead(format!("contradicts {id}: {rule}")),
        Some(Outcome::Unknown) => {
            Verdict::Dead("the provider has it, but no payment of ours fits".to_owned())
        }
        None => Verdict::Dead("the provider knows nothing of what its event names".to_owned()),
    }
}

/// How long the event took from our door to our rows (design §8: payment to credits).
fn observe(received_at: Timestamp, now: Timestamp) {
    metrics::counter!("quittance_events_total", "state" => "applied").increment(1);
    metrics::histogram!("quittance_webhook_to_credits_seconds")
        .record(now.since(received_at).as_secs_f64());
}
