use boot::{
    faults,
    sql::{Column, Rows, Type, Writes, col},
};
use entities::{EventId, Provider, Timestamp, provider_event::Source};
use jobs::{Alert, ApplyEvent, Enqueued, NewJob, queue};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr};
use sha2::{Digest, Sha256};

use super::{
    body_place,
    read::{Opened, known},
};
use crate::{Error, Store};

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("provider", Type::Text),
    col("account", Type::Text),
    col("livemode", Type::Bool),
    col("event_id", Type::Text),
    col("kind", Type::Text),
    col("occurred_at", Type::Int),
    col("body", Type::Bytes),
    col("sha256", Type::Text),
    col("source", Type::Text),
    col("received_at", Type::Int),
];

/// An event as it reached us; its sender has been proved.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Who sent it.
    pub provider: Provider,
    /// The connected account it is about.
    pub account: Option<String>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The provider's id of it.
    pub event_id: String,
    /// The provider's name for its kind.
    pub kind: String,
    /// When the provider says it happened.
    pub occurred_at: Timestamp,
    /// The body as it came.
    pub body: Vec<u8>,
    /// How it reached us.
    pub source: Source,
    /// When.
    pub received_at: Timestamp,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("provider", &self.provider)
            .field("event_id", &self.event_id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What [`record`] made of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Not seen before; it will be acted on.
    New(EventId),
    /// Seen before; nothing was done.
    Duplicate,
}

/// Writes `deliveries` down, and sees to it that each new one is acted on.
///
/// Once this returns `Ok` the provider may forget them: we will not. The jobs are to be announced.
pub async fn record(
    store: &Store,
    deliveries: &[Delivery],
) -> Result<(Vec<Recorded>, Vec<Enqueued>), Error> {
    let New { ids, jobs, writes } = New::of(store, deliveries)?;
    faults::point("inbox", "commit").await.map_err(DbErr::from)?;
    let written = commit(store, writes).await?;
    faults::point("inbox", "committed").await.map_err(DbErr::from)?;
    if written == deliveries.len() as u64 {
        return Ok((ids.into_iter().map(Recorded::New).collect(), jobs));
    }
    // Whoever delivered them again hears of it after this: who dies here is asked again.
    let told = tell_apart(store, store.db.reader(), deliveries, (ids, jobs)).await?;
    let mut enqueued = told.jobs;
    if !told.alerts.is_empty() {
        let txn = store.db.begin().await?;
        enqueued.extend(queue::insert(&txn, told.alerts, store.clock.now()).await?);
        txn.commit().await?;
    }
    Ok((told.recorded, enqueued))
}

/// [`record`], if and only if `txn` commits.
pub async fn record_in(
    store: &Store,
    txn: &DatabaseTransaction,
    deliveries: &[Delivery],
) -> Result<(Vec<Recorded>, Vec<Enqueued>), Error> {
    let New { ids, jobs, writes } = New::of(store, deliveries)?;
    writes.execute(txn).await?;
    let told = tell_apart(store, txn, deliveries, (ids, jobs)).await?;
    let mut enqueued = told.jobs;
    enqueued.extend(queue::insert(txn, told.alerts, store.clock.now()).await?);
    Ok((told.recorded, enqueued))
}

/// Deliveries about to be written, under ids of their own.
struct New {
    ids: Vec<EventId>,
    jobs: Vec<Enqueued>,
    /// First the events, then a job for each of those that were new.
    writes: Writes,
}

impl New {
    fn of(store: &Store, deliveries: &[Delivery]) -> Result<Self, Error> {
        let now = store.clock.now();
        let ids: Vec<EventId> = deliveries.iter().map(|_| EventId::new()).collect();
        if ids.is_empty() {
            return Ok(Self { ids, jobs: Vec::new(), writes: Writes::new() });
        }
        let body = "INSERT INTO provider_events (id, provider, account, livemode, event_id, kind, \
                    occurred_at, body, sha256, state, source, parks, received_at) SELECT id, \
                    provider, account, livemode, event_id, kind, occurred_at, body, sha256, \
                    'received', source, 0, received_at FROM v WHERE true ON CONFLICT (provider, \
                    account, livemode, event_id) DO NOTHING";
        let mut writes = Writes::new();
        let rows = rows(store, &ids, deliveries)?;
        let events = writes.add_table(("provider_events", "id"), Some(rows), body, Vec::new());
        let job = |id: &EventId| (id.uuid(), NewJob::of(&ApplyEvent { event_id: *id }, now));
        let jobs = ids.iter().map(job).collect();
        let written = events.name(store.db.backend());
        let jobs = queue::stage_insert_for(&mut writes, jobs, &written, now);
        Ok(Self { ids, jobs, writes })
    }
}

/// The rows of `deliveries`, sealed: made before a transaction is begun.
fn rows(store: &Store, ids: &[EventId], deliveries: &[Delivery]) -> Result<Rows, Error> {
    let mut rows = Rows::new(COLUMNS);
    for (id, delivery) in ids.iter().zip(deliveries) {
        let mut account = delivery.account.clone().unwrap_or_default();
        if faults::planted("no-unique-event") {
            account = id.to_string();
        }
        rows.push([
            id.uuid().into(),
            delivery.provider.as_str().into(),
            account.into(),
            delivery.livemode.into(),
            delivery.event_id.clone().into(),
            delivery.kind.clone().into(),
            delivery.occurred_at.micros().into(),
            store.vault.seal_packed(body_place(*id), &delivery.body)?.into(),
            hex::encode(Sha256::digest(&delivery.body)).into(),
            delivery.source.as_str().into(),
            delivery.received_at.micros().into(),
        ]);
    }
    Ok(rows)
}

/// Commits `writes`, and says how many events were new.
async fn commit(store: &Store, writes: Writes) -> Result<u64, Error> {
    if store.db.backend() == DatabaseBackend::Postgres {
        // One statement, which commits itself.
        let written = writes.execute(store.db.writer()).await?;
        return Ok(written.first().copied().unwrap_or(0));
    }
    let txn = store.db.begin().await?;
    let written = writes.execute(&txn).await?;
    txn.commit().await?;
    Ok(written.first().copied().unwrap_or(0))
}

/// What deliveries of which some were known came to.
struct Told {
    recorded: Vec<Recorded>,
    /// Those of the ones that were new.
    jobs: Vec<Enqueued>,
    /// Of deliveries that have the id of an event we know and say something else.
    alerts: Vec<NewJob>,
}

/// Which of `deliveries` were new, after they were written under `ids`, with `jobs`.
async fn tell_apart(
    store: &Store,
    connection: &impl ConnectionTrait,
    deliveries: &[Delivery],
    (ids, jobs): (Vec<EventId>, Vec<Enqueued>),
) -> Result<Told, Error> {
    let known = known(store, connection, &ids, deliveries).await?;
    let mut told =
        Told { recorded: Vec::with_capacity(ids.len()), jobs: Vec::new(), alerts: Vec::new() };
    for (place, (id, job)) in ids.into_iter().zip(jobs).enumerate() {
        let Some(known) = known.get(&place) else {
            told.recorded.push(Recorded::New(id));
            told.jobs.push(job);
            continue;
        };
        told.recorded.push(Recorded::Duplicate);
        if deliveries[place].source == Source::Webhook && differs(known, &deliveries[place]) {
            told.alerts.push(alert(known.event.id, store.clock.now()));
        }
    }
    Ok(told)
}

/// Whether a delivery says something else than the event we know by its id: whoever can sign that has
/// the secret (spoof class 32). What we recorded first stays.
fn differs(known: &Opened, delivery: &Delivery) -> bool {
    // Nearly always it is the very same, and need not be understood.
    known.body != delivery.body && meaning(&known.body) != meaning(&delivery.body)
}

fn alert(id: EventId, now: Timestamp) -> NewJob {
    tracing::error!(event.id = %id, "an event was delivered again with another content");
    let alert = Alert {
        kind: "event-body-differs".to_owned(),
        subject: id.to_string(),
        detail: "a signed delivery has the id of this event and says something else; roll the \
                 webhook secret"
            .to_owned(),
    };
    NewJob::of(&alert, now)
}

/// An event without what may differ between deliveries of it.
fn meaning(body: &[u8]) -> Option<serde_json::Value> {
    let mut event: serde_json::Value = serde_json::from_slice(body).ok()?;
    let fields = event.as_object_mut()?;
    fields.remove("pending_webhooks");
    fields.remove("request");
    Some(event)
}
