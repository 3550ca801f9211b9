use boot::{
    faults,
    sql::{Column, Rows, Type, Writes, col},
};
use entities::{
    EventId, Provider, Timestamp,
    provider_event::{Envelope, Source},
};
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
    /// What is written on its outside.
    pub envelope: Envelope,
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
            .field("event_id", &self.envelope.event_id)
            .field("kind", &self.envelope.kind)
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

/// A delivery that is ready to be written, under an id of its own.
pub(super) struct Sealed {
    id: EventId,
    delivery: Delivery,
    body: Vec<u8>,
    sha256: String,
}

impl Sealed {
    /// Takes longest of all that is done about a delivery: not to be done while others wait.
    pub(super) fn of(store: &Store, delivery: Delivery) -> Result<Self, Error> {
        let id = EventId::new();
        let body = store.vault.seal_packed(body_place(id), &delivery.body)?;
        let sha256 = hex::encode(Sha256::digest(&delivery.body));
        Ok(Self { id, delivery, body, sha256 })
    }

    fn all(store: &Store, deliveries: &[Delivery]) -> Result<Vec<Self>, Error> {
        deliveries.iter().map(|delivery| Self::of(store, delivery.clone())).collect()
    }
}

/// Writes `deliveries` down, and sees to it that each new one is acted on.
///
/// Once this returns `Ok` the provider may forget them: we will not. The jobs are to be announced.
pub async fn record(
    store: &Store,
    deliveries: &[Delivery],
) -> Result<(Vec<Recorded>, Vec<Enqueued>), Error> {
    let sealed = Sealed::all(store, deliveries)?;
    write(store, turn(store).await?, &sealed).await
}

/// What deliveries are to be written in, once nobody else writes: on SQLite the transaction that then
/// has the file; on PostgreSQL nothing, since one statement commits itself.
pub(super) async fn turn(store: &Store) -> Result<Option<DatabaseTransaction>, DbErr> {
    match store.db.backend() {
        DatabaseBackend::Postgres => Ok(None),
        _ => store.db.begin().await.map(Some),
    }
}

/// [`record`], in what [`turn`] gave.
pub(super) async fn write(
    store: &Store,
    turn: Option<DatabaseTransaction>,
    sealed: &[Sealed],
) -> Result<(Vec<Recorded>, Vec<Enqueued>), Error> {
    let New { jobs, writes } = New::of(store, sealed);
    faults::point("inbox", "commit").await.map_err(DbErr::from)?;
    let written = commit(store, turn, writes).await?;
    faults::point("inbox", "committed").await.map_err(DbErr::from)?;
    if written == sealed.len() as u64 {
        return Ok((sealed.iter().map(|sealed| Recorded::New(sealed.id)).collect(), jobs));
    }
    // Whoever delivered them again hears of it after this: who dies here is asked again.
    let told = tell_apart(store, store.db.reader(), sealed, jobs).await?;
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
    let sealed = Sealed::all(store, deliveries)?;
    let New { jobs, writes } = New::of(store, &sealed);
    writes.execute(txn).await?;
    let told = tell_apart(store, txn, &sealed, jobs).await?;
    let mut enqueued = told.jobs;
    enqueued.extend(queue::insert(txn, told.alerts, store.clock.now()).await?);
    Ok((told.recorded, enqueued))
}

/// What is about to be written of deliveries.
struct New {
    jobs: Vec<Enqueued>,
    /// First the events, then a job for each of those that were new.
    writes: Writes,
}

impl New {
    fn of(store: &Store, sealed: &[Sealed]) -> Self {
        let now = store.clock.now();
        let mut writes = Writes::new();
        if sealed.is_empty() {
            return Self { jobs: Vec::new(), writes };
        }
        let body = "INSERT INTO provider_events (id, provider, account, livemode, event_id, kind, \
                    occurred_at, body, sha256, state, source, parks, received_at) SELECT id, \
                    provider, account, livemode, event_id, kind, occurred_at, body, sha256, \
                    'received', source, 0, received_at FROM v WHERE true ON CONFLICT (provider, \
                    account, livemode, event_id) DO NOTHING";
        let rows = Some(rows(sealed));
        let events = writes.add_table(("provider_events", "id"), rows, body, Vec::new());
        let job = |Sealed { id, .. }: &Sealed| {
            (id.uuid(), NewJob::of(&ApplyEvent { event_id: *id }, now))
        };
        let jobs = sealed.iter().map(job).collect();
        let written = events.name(store.db.backend());
        let jobs = queue::stage_insert_for(&mut writes, jobs, &written, now);
        Self { jobs, writes }
    }
}

fn rows(sealed: &[Sealed]) -> Rows {
    let mut rows = Rows::new(COLUMNS);
    for Sealed { id, delivery, body, sha256 } in sealed {
        let envelope = &delivery.envelope;
        let mut account = envelope.account.clone().unwrap_or_default();
        if faults::planted("no-unique-event") {
            account = id.to_string();
        }
        rows.push([
            id.uuid().into(),
            delivery.provider.as_str().into(),
            account.into(),
            envelope.livemode.into(),
            envelope.event_id.clone().into(),
            envelope.kind.clone().into(),
            envelope.occurred_at.micros().into(),
            body.clone().into(),
            sha256.clone().into(),
            delivery.source.as_str().into(),
            delivery.received_at.micros().into(),
        ]);
    }
    rows
}

/// Commits `writes`, and says how many events were new.
async fn commit(
    store: &Store,
    turn: Option<DatabaseTransaction>,
    writes: Writes,
) -> Result<u64, Error> {
    let written = match turn {
        None => writes.execute(store.db.writer()).await?,
        Some(txn) => {
            let written = writes.execute(&txn).await?;
            txn.commit().await?;
            written
        }
    };
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

/// Which of `sealed` were new, after they were written with `jobs`.
async fn tell_apart(
    store: &Store,
    connection: &impl ConnectionTrait,
    sealed: &[Sealed],
    jobs: Vec<Enqueued>,
) -> Result<Told, Error> {
    let ours = sealed.iter().map(|sealed| (sealed.id, &sealed.delivery));
    let known = known(store, connection, ours).await?;
    let mut told =
        Told { recorded: Vec::with_capacity(sealed.len()), jobs: Vec::new(), alerts: Vec::new() };
    for (place, (Sealed { id, delivery, .. }, job)) in sealed.iter().zip(jobs).enumerate() {
        let Some(known) = known.get(&place) else {
            told.recorded.push(Recorded::New(*id));
            told.jobs.push(job);
            continue;
        };
        told.recorded.push(Recorded::Duplicate);
        if delivery.source == Source::Webhook && differs(known, delivery) {
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
