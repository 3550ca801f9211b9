use anyhow::anyhow;
use entities::{EventId, Timestamp, job::Model};
use jobs::{Enqueued, LookUpEvent, NewJob, queue};
use payments::{
    apply::{self, Item, Outcome},
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
        let found = look(context, gateway, &opened, gateway.read(&opened.body)).await?;

        let now = store.clock.now();
        let event_id = Some(self.event_id);
        let is_payment = matches!(found, Found::Payment(_));
        let is_known = !matches!(found, Found::Nothing);
        let txn = store.db.begin().await?;
        let (outcomes, enqueued) = match found {
            Found::Payment(items) => {
                let applied = apply::apply(&txn, &store.vault, policy, &items, now).await?;
                // The last is what holds now.
                (applied.outcomes.into_iter().rev().take(1).collect(), applied.enqueued)
            }
            Found::MoneyBack(news) => {
                let items = news.into_iter().map(|news| money_back::Item { news, event_id });
                let items: Vec<_> = items.collect();
                let applied = money_back::apply(&txn, policy, &items, now).await?;
                (applied.outcomes, applied.enqueued)
            }
            Found::Nothing => (Vec::new(), Vec::new()),
        };
        let payment = outcomes.iter().find_map(Outcome::payment_id);
        let verdict = if is_known { verdict(&outcomes) } else { unknown() };
        let is_applied = is_payment && verdict == Verdict::Applied;
        finish(context, row, (self.event_id, verdict, payment), (txn, enqueued)).await?;
        if is_applied {
            observe(opened.event.received_at, now);
        }
        Ok(Ran::Settled)
    }
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

/// What a look at the provider found.
enum Found {
    /// What there is to apply about a payment, the provider's present word last.
    Payment(Vec<Item>),
    /// What the provider tells of money that goes back.
    MoneyBack(Vec<News>),
    /// The provider knows nothing of what its event names.
    Nothing,
}

async fn look(
    context: &Context,
    gateway: &dyn Gateway,
    opened: &Opened,
    read: Result<Reading, ReadError>,
) -> Result<Found, JobError> {
    let event_id = Some(opened.event.id);
    match read {
        Ok(Reading::Fact(told)) => {
            let reference = told.reference.clone();
            let items = vec![Item { fact: *told, event_id }];
            payment(context, gateway, items, (&reference, event_id)).await
        }
        Ok(Reading::Hint(reference)) => {
            payment(context, gateway, Vec::new(), (&reference, event_id)).await
        }
        // Nothing more is to be learnt: of a payment that we still do not know it is none of ours.
        Ok(Reading::Refund(fact)) => Ok(Found::MoneyBack(vec![News::Refund(fact)])),
        Ok(Reading::Dispute(fact)) => Ok(Found::MoneyBack(vec![News::Dispute(fact)])),
        Ok(Reading::Warning(fact)) => Ok(Found::MoneyBack(vec![News::Warning(fact)])),
        Ok(Reading::Refunds(reference)) => {
            let refunds = gateway.refunds().ok_or_else(|| bury(gateway, "sends no refunds"))?;
            let told = known(refunds.list_refunds(&reference).await)?;
            let news = |fact| News::Refund(Box::new(fact));
            Ok(told.map_or(Found::Nothing, |facts| {
                Found::MoneyBack(facts.into_iter().map(news).collect())
            }))
        }
        Ok(Reading::DisputeHint(reference)) => {
            let disputes = gateway.disputes().ok_or_else(|| bury(gateway, "knows no disputes"))?;
            let told = known(disputes.retrieve_dispute(&reference).await)?;
            let news = |fact| News::Dispute(Box::new(fact));
            Ok(told.map_or(Found::Nothing, |fact| Found::MoneyBack(vec![news(fact)])))
        }
        Ok(Reading::Methods(_) | Reading::Irrelevant) | Err(_) => {
            Err(bury(gateway, "sent an event that can no longer be read"))
        }
    }
}

/// `items`, and what the provider says now of the payment of `reference`: it wins over what its event
/// said.
async fn payment(
    context: &Context,
    gateway: &dyn Gateway,
    mut items: Vec<Item>,
    (reference, event_id): (&str, Option<EventId>),
) -> Result<Found, JobError> {
    if let Some(told) = known(gateway.retrieve_payment(reference).await)? {
        items.push(follow(context, gateway, told, Collect::Agreed, event_id).await?);
    }
    Ok(if items.is_empty() { Found::Nothing } else { Found::Payment(items) })
}

/// What was answered; `None` if the provider knows nothing of the kind.
fn known<T>(answer: Result<T, GatewayError>) -> Result<Option<T>, GatewayError> {
    match answer {
        Err(GatewayError::Api { status: 404, .. }) => Ok(None),
        answer => answer.map(Some),
    }
}

fn bury(gateway: &dyn Gateway, what: &str) -> JobError {
    JobError::Bury(anyhow!("{} {what}", gateway.provider()))
}

fn unknown() -> Verdict {
    Verdict::Dead("the provider knows nothing of what its event names".to_owned())
}

/// What `outcomes` come to together: what is wrong with one of them is told.
fn verdict(outcomes: &[Outcome]) -> Verdict {
    let contradicted = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Contradicted(id, rule) => Some((id, rule)),
        Outcome::Applied(_) | Outcome::Unknown => None,
    });
    if let Some((id, rule)) = contradicted {
        return Verdict::Dead(format!("contradicts {id}: {rule}"));
    }
    if outcomes.contains(&Outcome::Unknown) {
        return Verdict::Dead("the provider has it, but no payment of ours fits".to_owned());
    }
    // All that was listed may be none of its kind, such as what a dispute took.
    if outcomes.is_empty() { Verdict::Ignored } else { Verdict::Applied }
}

/// How long the event took from our door to our rows (design §8: payment to credits).
fn observe(received_at: Timestamp, now: Timestamp) {
    metrics::counter!("quittance_events_total", "state" => "applied").increment(1);
    metrics::histogram!("quittance_webhook_to_credits_seconds")
        .record(now.since(received_at).as_secs_f64());
}
