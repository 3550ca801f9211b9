use anyhow::anyhow;
use entities::{EventId, Timestamp, job::Model};
use jobs::{Enqueued, LookUpEvent, NewJob, queue};
use payments::{
    apply::{self, Item, Outcome},
    core::Policy,
    inbox::{self, Opened, Settled, Verdict},
    money_back::{self, News},
};
use sea_orm::DatabaseTransaction;

use crate::{
    Context, JobError, Ran, Run,
    apply_event::dead_event,
    follow::{Collect, follow, policy},
};
use gateways::{Gateway, GatewayError, ReadError, Reading};

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
        let items = match gateway.read(&opened.body) {
            Ok(Reading::Refund(fact)) => {
                return last_look(context, row, policy, &opened, News::Refund(fact)).await;
            }
            Ok(Reading::Dispute(fact)) => {
                return last_look(context, row, policy, &opened, News::Dispute(fact)).await;
            }
            read => look(context, gateway, &opened, read).await?,
        };

        let now = store.clock.now();
        let txn = store.db.begin().await?;
        let applied = apply::apply(&txn, policy, &items, now).await?;
        let outcome = applied.outcomes.last();
        let settled = (self.event_id, verdict(outcome), outcome.and_then(Outcome::payment_id));
        let is_applied = settled.1 == Verdict::Applied;
        finish(context, row, settled, (txn, applied.enqueued)).await?;
        if is_applied {
            observe(opened.event.received_at, now);
        }
        Ok(Ran::Settled)
    }
}

/// Money that went back of a payment that we still do not know is none of ours.
async fn last_look(
    context: &Context,
    row: &Model,
    policy: &Policy,
    opened: &Opened,
    news: News,
) -> Result<Ran, JobError> {
    let (store, event_id) = (&context.store, opened.event.id);
    let txn = store.db.begin().await?;
    let items = [money_back::Item { news, event_id: Some(event_id) }];
    let applied = money_back::apply(&txn, policy, &items, store.clock.now()).await?;
    let outcome = applied.outcomes.last();
    let settled = (event_id, verdict(outcome), outcome.and_then(Outcome::payment_id));
    finish(context, row, settled, (txn, applied.enqueued)).await?;
    Ok(Ran::Settled)
}

/// Writes down what became of the event and its job, and commits.
async fn finish(
    context: &Context,
    row: &Model,
    settled: Settled,
    (txn, mut enqueued): (DatabaseTransaction, Vec<Enqueued>),
) -> Result<(), JobError> {
    let now = context.store.clock.now();
    if let (event_id, Verdict::Dead(cause), _) = &settled {
        let alert = NewJob::of(&dead_event(*event_id, cause), now);
        enqueued.extend(queue::insert(&txn, vec![alert], now).await?);
    }
    inbox::settle(&txn, &[settled], now).await?;
    queue::done(&txn, std::slice::from_ref(row), now).await.map_err(payments::Error::from)?;
    txn.commit().await?;
    context.dispatcher.announce(enqueued);
    Ok(())
}

/// What there is to apply, the provider's present word last: it wins over what its event said.
async fn look(
    context: &Context,
    gateway: &dyn Gateway,
    opened: &Opened,
    read: Result<Reading, ReadError>,
) -> Result<Vec<Item>, JobError> {
    let event_id: Option<EventId> = Some(opened.event.id);
    let (mut items, reference) = match read {
        Ok(Reading::Fact(told)) => {
            let reference = told.reference.clone();
            (vec![Item { fact: *told, event_id }], reference)
        }
        Ok(Reading::Hint(reference)) => (Vec::new(), reference),
        Ok(
            Reading::Refund(_)
            | Reading::Dispute(_)
            | Reading::Refunds(_)
            | Reading::Methods(_)
            | Reading::Irrelevant,
        )
        | Err(_) => {
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
