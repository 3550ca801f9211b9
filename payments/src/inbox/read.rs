use std::collections::HashMap;

use boot::sql;
use entities::{
    EventId, Provider,
    provider_event::{Column, Entity, Model, State},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::body_place;
use crate::{Error, Store};

/// An event with its body opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The row.
    pub event: Model,
    /// What the provider sent.
    pub body: Vec<u8>,
}

/// The events `ids`, their bodies opened; in any order, without those that are gone.
pub async fn load(store: &Store, ids: &[EventId]) -> Result<Vec<Opened>, Error> {
    let found = Entity::find().filter(Column::Id.is_in(ids.iter().copied()));
    let events = found.all(store.db.reader()).await?;
    let open = |event: Model| {
        let body = store.vault.unseal(body_place(event.id), &event.body)?;
        Ok(Opened { event, body })
    };
    events.into_iter().map(open).collect()
}

/// The event `id`, its body opened.
pub async fn find(store: &Store, id: EventId) -> Result<Option<Opened>, Error> {
    Ok(load(store, &[id]).await?.pop())
}

/// The newest events, without their bodies being opened.
pub async fn latest(store: &Store, limit: u64) -> Result<Vec<Model>, Error> {
    let find = Entity::find().order_by_desc(Column::Id).limit(limit);
    Ok(find.all(store.db.reader()).await?)
}

/// How many events are in each state that any is in.
pub async fn counts(store: &Store) -> Result<Vec<(State, i64)>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        state: String,
        events: i64,
    }
    let body = "SELECT state, COUNT(*) AS events FROM provider_events GROUP BY state";
    let statement = sql::statement(store.db.backend(), body, Vec::new());
    let rows = Row::find_by_statement(statement).all(store.db.reader()).await?;
    let count = |row: Row| Ok((State::try_from_value(&row.state)?, row.events));
    rows.into_iter().map(count).collect()
}

/// The bodies we hold of the provider's events `event_ids`.
pub(super) async fn stored_bodies(
    store: &Store,
    txn: &DatabaseTransaction,
    event_ids: &[&str],
) -> Result<HashMap<(Provider, bool, String), (EventId, Vec<u8>)>, Error> {
    if event_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = Entity::find().filter(Column::EventId.is_in(event_ids.iter().copied()));
    let mut bodies = HashMap::new();
    for event in found.all(txn).await? {
        let body = store.vault.unseal(body_place(event.id), &event.body)?;
        bodies.insert((event.provider, event.livemode, event.event_id), (event.id, body));
    }
    Ok(bodies)
}
