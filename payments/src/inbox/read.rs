use std::collections::HashMap;

use boot::sql::{self, Rows, Type, col};
use entities::{
    EventId,
    provider_event::{Column, Entity, Model, State},
};
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait, FromQueryResult, QueryOrder, QuerySelect};

use super::{Delivery, body_place};
use crate::{Error, Store};

const IDS: &[sql::Column] = &[col("id", Type::Uuid)];

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
    // A join and not a list of placeholders, so that the text is the same for any number of ids.
    let mut rows = Rows::new(IDS);
    for id in ids {
        rows.push([id.uuid().into()]);
    }
    let body = "SELECT e.* FROM v JOIN provider_events e ON e.id = v.id";
    let statement = rows.statement(store.db.backend(), body, Vec::new());
    let events = Entity::find().from_raw_sql(statement).all(store.db.reader()).await?;
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

/// What makes an event the same as another: all columns of the unique key, or no index serves.
const KEYS: &[sql::Column] = &[
    col("place", Type::Int),
    col("id", Type::Uuid),
    col("provider", Type::Text),
    col("account", Type::Text),
    col("livemode", Type::Bool),
    col("event_id", Type::Text),
];

/// What we hold, under other ids than those beside them, of the events that `deliveries` are: by their
/// places.
pub(super) async fn known(
    store: &Store,
    connection: &impl ConnectionTrait,
    deliveries: impl Iterator<Item = (EventId, &Delivery)>,
) -> Result<HashMap<usize, Opened>, Error> {
    let mut rows = Rows::new(KEYS);
    for (place, (id, delivery)) in (0_i64..).zip(deliveries) {
        rows.push([
            place.into(),
            id.uuid().into(),
            delivery.provider.as_str().into(),
            delivery.envelope.account.clone().unwrap_or_default().into(),
            delivery.envelope.livemode.into(),
            delivery.envelope.event_id.clone().into(),
        ]);
    }
    let body = "SELECT v.place, e.* FROM v JOIN provider_events e ON e.provider = v.provider AND \
                e.account = v.account AND e.livemode = v.livemode AND e.event_id = v.event_id WHERE \
                e.id <> v.id";
    let statement = rows.statement(connection.get_database_backend(), body, Vec::new());
    let mut known = HashMap::new();
    for row in connection.query_all_raw(statement).await? {
        let place: i64 = row.try_get("", "place")?;
        let event = Model::from_query_result(&row, "")?;
        let body = store.vault.unseal(body_place(event.id), &event.body)?;
        known.insert(usize::try_from(place).unwrap_or(usize::MAX), Opened { event, body });
    }
    Ok(known)
}
