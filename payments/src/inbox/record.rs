use std::collections::HashSet;

use boot::{
    faults,
    sql::{Column, Rows, Type, col},
};
use entities::{EventId, Provider, Timestamp, provider_event::Source};
use jobs::{Alert, ApplyEvent, Enqueued, NewJob, queue};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use sha2::{Digest, Sha256};

use super::{
    body_place,
    read::{Opened, stored},
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
    let rows = rows(store, deliveries)?;
    let txn = store.db.begin().await?;
    let recorded = write(store, &txn, deliveries, rows).await?;
    faults::point("inbox", "commit").await.map_err(DbErr::from)?;
    txn.commit().await?;
    faults::point("inbox", "committed").await.map_err(DbErr::from)?;
    Ok(recorded)
}

/// [`record`], if and only if `txn` commits.
pub async fn record_in(
    store: &Store,
    txn: &DatabaseTransaction,
    deliveries: &[Delivery],
) -> Result<(Vec<Recorded>, Vec<Enqueued>), Error> {
    let rows = rows(store, deliveries)?;
    write(store, txn, deliveries, rows).await
}

/// The rows of `deliveries`, sealed, and their ids: made before a transaction is begun.
fn rows(store: &Store, deliveries: &[Delivery]) -> Result<(Vec<EventId>, Rows), Error> {
    let ids: Vec<EventId> = deliveries.iter().map(|_| EventId::new()).collect();
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
        ]);
    }
    Ok((ids, rows))
}

async fn write(
    store: &Store,
    txn: &DatabaseTransaction,
    deliveries: &[Delivery],
    (ids, rows): (Vec<EventId>, Rows),
) -> Result<(Vec<Recorded>, Vec<Enqueued>), Error> {
    let now = store.clock.now();
    let new = insert(txn, rows, now).await?;
    let jobs = ids.iter().filter(|id| new.contains(id));
    let jobs = jobs.map(|id| NewJob::of(&ApplyEvent { event_id: *id }, now)).collect();
    let mut enqueued = queue::insert(txn, jobs, now).await?;
    if new.len() < deliveries.len() {
        let seen = ids.iter().zip(deliveries).filter(|(id, _)| !new.contains(id));
        let seen: Vec<&Delivery> = seen.map(|(_, delivery)| delivery).collect();
        enqueued.extend(compare_duplicates(store, txn, &seen, now).await?);
    }
    let recorded = |id| if new.contains(&id) { Recorded::New(id) } else { Recorded::Duplicate };
    Ok((ids.into_iter().map(recorded).collect(), enqueued))
}

async fn insert(
    txn: &DatabaseTransaction,
    rows: Rows,
    now: Timestamp,
) -> Result<HashSet<EventId>, Error> {
    let body = "INSERT INTO provider_events (id, provider, account, livemode, event_id, kind, \
                occurred_at, body, sha256, state, source, parks, received_at) SELECT id, provider, \
                account, livemode, event_id, kind, occurred_at, body, sha256, 'received', source, \
                0, ?1 FROM v WHERE true ON CONFLICT (provider, account, livemode, event_id) DO \
                NOTHING RETURNING id";
    let statement = rows.statement(txn.get_database_backend(), body, vec![now.micros().into()]);
    let mut new = HashSet::new();
    for row in txn.query_all_raw(statement).await? {
        new.insert(EventId::from_uuid(row.try_get("", "id")?));
    }
    Ok(new)
}

/// Alerts of a delivery that has the id of one we know and says something else: whoever can sign
/// that has the secret (spoof class 32). What we recorded first stays.
async fn compare_duplicates(
    store: &Store,
    txn: &DatabaseTransaction,
    seen: &[&Delivery],
    now: Timestamp,
) -> Result<Vec<Enqueued>, Error> {
    let delivered: Vec<&Delivery> =
        seen.iter().copied().filter(|delivery| delivery.source == Source::Webhook).collect();
    if delivered.is_empty() {
        return Ok(Vec::new());
    }
    let mut alerts = Vec::new();
    for (place, Opened { event, body }) in stored(store, txn, &delivered).await? {
        let id = event.id;
        // Nearly always it is the very same, and need not be understood.
        let delivered = &delivered[place].body;
        if body != *delivered && meaning(&body) != meaning(delivered) {
            tracing::error!(event.id = %id, "an event was delivered again with another content");
            let alert = Alert {
                kind: "event-body-differs".to_owned(),
                subject: id.to_string(),
                detail: "a signed delivery has the id of this event and says something else; roll \
                         the webhook secret"
                    .to_owned(),
            };
            alerts.push(NewJob::of(&alert, now));
        }
    }
    Ok(queue::insert(txn, alerts, now).await?)
}

/// An event without what may differ between deliveries of it.
fn meaning(body: &[u8]) -> Option<serde_json::Value> {
    let mut event: serde_json::Value = serde_json::from_slice(body).ok()?;
    let fields = event.as_object_mut()?;
    fields.remove("pending_webhooks");
    fields.remove("request");
    Some(event)
}
