//! Events, in batches: claim, load, decide, write, in one transaction for all of a batch.

use std::{collections::HashMap, mem, sync::Arc, time::Duration};

use anyhow::Context as _;
use boot::{faults, sql::Writes};
use entities::{
    EventId, JobId, PaymentId, Provider, Timestamp,
    job::{Lane, Model},
};
use gateways::Reading;
use jobs::{
    Alert, ApplyEvent, Enqueued, Job, LookUpEvent, NewJob, SyncMethods,
    queue::{self, Claim},
};
use payments::{
    apply::{self, Item, Outcome},
    inbox::{self, Opened, Verdict},
    money_back::{self, News},
};
use sea_orm::{DatabaseTransaction, DbErr};

use crate::{Context, JobError, Ran, Run, perform};

/// Waits of an event whose payment is unknown to us; after the last one the provider is asked. Half
/// a minute is far longer than a checkout call that has not committed yet.
const PARKED: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// Events that are tried again together.
const FEW: usize = 16;

/// Applies the events of jobs `ids`: those never tried before together, those tried once or twice a
/// few at a time, the others one by one.
pub(crate) async fn run_batch(context: &Arc<Context>, ids: &[JobId]) {
    let db = &context.store.db;
    let claim =
        Claim { lane: Lane::Events, worker: &context.worker, now: context.store.clock.now() };
    let fresh = match queue::claim_fresh(db, claim, ids).await {
        Ok(fresh) => fresh,
        Err(error) => {
            tracing::warn!(%error, "a batch could not be claimed; the sweeper brings it again");
            return;
        }
    };
    let claimed = fresh.len();
    run_together(context, fresh).await;
    if claimed < ids.len() {
        match queue::tried(db, claim, ids).await {
            Ok((few, alone)) => {
                for few in few.chunks(FEW) {
                    match queue::claim_again(db, claim, few).await {
                        Ok(few) => run_together(context, few).await,
                        Err(error) => tracing::warn!(%error, "events could not be claimed again"),
                    }
                }
                // One of them may take the process down: then only that one was counted.
                for id in alone {
                    perform::perform(context, Lane::Events, id).await;
                }
            }
            Err(error) => tracing::warn!(%error, "jobs to be retried could not be read"),
        }
    }
}

async fn run_together(context: &Arc<Context>, batch: Vec<Model>) {
    if batch.is_empty() {
        return;
    }
    let started = context.store.clock.now();
    metrics::histogram!("quittance_event_batch_size").record(batch.len() as f64);
    let (spawned, jobs) = (Arc::clone(context), batch.clone());
    let run = tokio::spawn(async move {
        tokio::time::timeout(ApplyEvent::TIMEOUT, apply_all(&spawned, &jobs)).await
    });
    let problem = match perform::ended("a batch", ApplyEvent::TIMEOUT, run).await {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(error))) => Some(format!("{error:#}")),
        Ok(Err(elapsed)) => Some(elapsed.to_string()),
        Err(panicked) => Some(panicked.to_string()),
    };
    let took = context.store.clock.now().since(started).as_secs_f64();
    metrics::histogram!("quittance_event_batch_seconds").record(took);
    if let Some(error) = problem {
        let events = batch.len();
        tracing::warn!(error, events, "a batch failed; its events are applied one by one");
        for row in batch {
            perform::perform_claimed(context, row).await;
        }
    }
}

impl Run for ApplyEvent {
    #[tracing::instrument(name = "job.apply_event", skip_all, fields(event.id = %self.event_id))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        match apply_all(context, std::slice::from_ref(row)).await {
            Ok(()) => Ok(Ran::Settled),
            Err(error) => Err(match error.downcast::<payments::Error>() {
                Ok(error) => error.into(),
                Err(error) => JobError::Retry(error),
            }),
        }
    }
}

/// A job of the batch and the event it is about.
struct Work {
    job: Model,
    event_id: EventId,
    verdict: Option<Verdict>,
    /// The payment that it turned out to be about.
    payment_id: Option<PaymentId>,
    /// What a job of its own has to ask the provider for.
    ask: Option<Ask>,
}

/// What an event says has changed, without saying how.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    /// What it is about, by a look at the provider.
    Look,
    Methods,
}

/// What an event comes to before any row is looked at.
enum Read {
    Payment(Box<Item>),
    MoneyBack(money_back::Item),
    Ask(Ask),
    Ends(Verdict),
}

/// What the events of one provider say, each with its place in the batch.
#[derive(Default)]
struct Told {
    payments: (Vec<usize>, Vec<Item>),
    money_back: (Vec<usize>, Vec<money_back::Item>),
}

async fn apply_all(context: &Context, jobs: &[Model]) -> anyhow::Result<()> {
    faults::point(ApplyEvent::NAME, "begin").await?;
    let store = &context.store;
    let mut works = Vec::with_capacity(jobs.len());
    for job in jobs {
        let ApplyEvent { event_id } = serde_json::from_str(&job.payload)
            .with_context(|| format!("job {} has no event", job.id))?;
        let job = job.clone();
        works.push(Work { job, event_id, verdict: None, payment_id: None, ask: None });
    }
    let ids: Vec<EventId> = works.iter().map(|work| work.event_id).collect();
    let events = inbox::load(store, &ids).await?;
    let events: HashMap<EventId, Opened> =
        events.into_iter().map(|opened| (opened.event.id, opened)).collect();

    let now = store.clock.now();
    let mut told: HashMap<Provider, Told> = HashMap::new();
    for (index, work) in works.iter_mut().enumerate() {
        match events
            .get(&work.event_id)
            .map(|opened| (opened.event.provider, read(context, opened)))
        {
            // Pruned: there is nothing left to apply.
            None => work.verdict = Some(Verdict::Ignored),
            Some((_, Read::Ends(verdict))) => work.verdict = Some(verdict),
            Some((_, Read::Ask(Ask::Look))) => {
                work.ask = Some(Ask::Look);
                work.verdict = Some(Verdict::Parked("the provider is asked about it".to_owned()));
            }
            Some((_, Read::Ask(Ask::Methods))) => {
                (work.verdict, work.ask) = (Some(Verdict::Applied), Some(Ask::Methods));
            }
            Some((provider, Read::Payment(item))) => {
                let (indexes, items) = &mut told.entry(provider).or_default().payments;
                indexes.push(index);
                items.push(*item);
            }
            Some((provider, Read::MoneyBack(item))) => {
                let (indexes, items) = &mut told.entry(provider).or_default().money_back;
                indexes.push(index);
                items.push(item);
            }
        }
    }

    let txn = store.db.begin().await.map_err(payments::Error::from)?;
    let (mut writes, mut enqueued) = (Writes::new(), Vec::new());
    for (provider, told) in told {
        let policy = context.policies.get(provider).context("a provider has no policy")?;
        // Another provider's news may be about the same customers.
        mem::take(&mut writes).execute(&txn).await.map_err(payments::Error::from)?;
        let (indexes, items) = told.payments;
        let by = (&store.vault, policy);
        let applied = apply::stage(&txn, &mut writes, by, &items, now).await?;
        enqueued.extend(applied.enqueued);
        let mut outcomes: Vec<_> = indexes.into_iter().zip(applied.outcomes).collect();
        let (indexes, items) = told.money_back;
        if !items.is_empty() {
            mem::take(&mut writes).execute(&txn).await.map_err(payments::Error::from)?;
            let applied = money_back::apply(&txn, policy, &items, now).await?;
            enqueued.extend(applied.enqueued);
            outcomes.extend(indexes.into_iter().zip(applied.outcomes));
        }
        for (index, outcome) in outcomes {
            works[index].verdict = Some(verdict(&outcome));
            works[index].payment_id = outcome.payment_id();
        }
    }
    enqueued.extend(settle((&txn, writes), &works, &events, now).await?);
    faults::point(ApplyEvent::NAME, "commit").await?;
    txn.commit().await.map_err(payments::Error::from)?;
    faults::point(ApplyEvent::NAME, "end").await?;
    observe(&works, &events, now);
    context.dispatcher.announce(enqueued);
    Ok(())
}

fn verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Applied(_) => Verdict::Applied,
        Outcome::Contradicted(id, rule) => Verdict::Dead(format!("contradicts {id}: {rule}")),
        Outcome::Unknown => Verdict::Parked("no payment of ours fits".to_owned()),
    }
}

/// What an event says, or what becomes of one that says nothing to us.
fn read(context: &Context, opened: &Opened) -> Read {
    let provider = opened.event.provider;
    let Some(gateway) = context.gateways.get(provider) else {
        return Read::Ends(Verdict::Dead(format!("{provider} is not set up")));
    };
    let event_id = Some(opened.event.id);
    let back = |news| Read::MoneyBack(money_back::Item { news, event_id });
    match gateway.read(&opened.body) {
        Ok(Reading::Fact(fact)) => Read::Payment(Box::new(Item { fact: *fact, event_id })),
        Ok(Reading::Refund(fact)) => back(News::Refund(fact)),
        Ok(Reading::Dispute(fact)) => back(News::Dispute(fact)),
        Ok(Reading::Warning(fact)) => back(News::Warning(fact)),
        Ok(Reading::Hint(_) | Reading::Refunds(_) | Reading::DisputeHint(_)) => {
            Read::Ask(Ask::Look)
        }
        Ok(Reading::Methods(_)) => Read::Ask(Ask::Methods),
        Ok(Reading::Irrelevant) => Read::Ends(Verdict::Ignored),
        Err(error) => Read::Ends(Verdict::Dead(format!("{:#}", anyhow::Error::from(error)))),
    }
}

/// Writes down what became of the events and of their jobs, with what else is to be written.
async fn settle(
    (txn, mut writes): (&DatabaseTransaction, Writes),
    works: &[Work],
    events: &HashMap<EventId, Opened>,
    now: Timestamp,
) -> Result<Vec<Enqueued>, payments::Error> {
    let (mut done, mut snoozed, mut follow_ups) = (Vec::new(), Vec::new(), Vec::new());
    let mut verdicts = Vec::with_capacity(works.len());
    for work in works {
        let Some(verdict) = work.verdict.clone() else { continue };
        let event_id = work.event_id;
        if work.ask == Some(Ask::Methods) {
            follow_ups.push(NewJob::of(&SyncMethods { event_id }, now));
        }
        let parks = events.get(&work.event_id).map_or(0, |opened| opened.event.parks);
        let delay = usize::try_from(parks).ok().and_then(|parks| PARKED.get(parks));
        let delay = delay.filter(|_| work.ask.is_none());
        match (&verdict, delay) {
            (Verdict::Parked(_), Some(delay)) => snoozed.push((work.job.clone(), now + *delay)),
            (Verdict::Parked(_), None) => {
                follow_ups.push(NewJob::of(&LookUpEvent { event_id: work.event_id }, now));
                done.push(work.job.clone());
            }
            (Verdict::Dead(cause), _) => {
                follow_ups.push(NewJob::of(&dead_event(work.event_id, cause), now));
                done.push(work.job.clone());
            }
            (Verdict::Applied | Verdict::Ignored, _) => done.push(work.job.clone()),
        }
        verdicts.push((work.event_id, verdict, work.payment_id));
    }
    let enqueued = queue::stage_insert(&mut writes, follow_ups, now);
    inbox::stage_settled(&mut writes, &verdicts, now);
    queue::stage_done(&mut writes, &done, now);
    writes.execute(txn).await?;
    queue::snooze(txn, &snoozed, "the event's payment is unknown yet").await?;
    Ok(enqueued)
}

/// The alert of an event that can never be applied.
pub(crate) fn dead_event(event_id: EventId, cause: &str) -> Alert {
    Alert {
        kind: "dead-event".to_owned(),
        subject: event_id.to_string(),
        detail: format!("an event cannot be applied: {cause}"),
    }
}

/// Marks the event of a buried job dead, so that the inbox tells what became of it.
pub(crate) async fn give_up(
    txn: &DatabaseTransaction,
    row: &Model,
    error: &str,
    now: Timestamp,
) -> Result<(), DbErr> {
    if row.name != ApplyEvent::NAME && row.name != LookUpEvent::NAME {
        return Ok(());
    }
    let Ok(ApplyEvent { event_id }) = serde_json::from_str(&row.payload) else {
        return Ok(());
    };
    inbox::settle(txn, &[(event_id, Verdict::Dead(error.to_owned()), None)], now).await
}

/// How long events took from our door to our rows (design §8: payment to credits).
fn observe(works: &[Work], events: &HashMap<EventId, Opened>, now: Timestamp) {
    for work in works {
        let state = match work.verdict {
            Some(Verdict::Applied) => "applied",
            Some(Verdict::Ignored) => "ignored",
            Some(Verdict::Parked(_)) => "parked",
            Some(Verdict::Dead(_)) | None => "dead",
        };
        metrics::counter!("quittance_events_total", "state" => state).increment(1);
        if work.ask.is_some() {
            continue;
        }
        if let (Some(Verdict::Applied), Some(opened)) = (&work.verdict, events.get(&work.event_id))
        {
            let took = now.since(opened.event.received_at).as_secs_f64();
            metrics::histogram!("quittance_webhook_to_credits_seconds").record(took);
        }
    }
}
