use std::time::Duration;

use entities::{
    EventId, Timestamp,
    provider_event::{Column, Entity, State},
};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};

use crate::{Error, Store};

/// How much later an event's id may be made than it was received, by clocks that differ.
const CLOCKS: Duration = Duration::from_hours(24);

/// Deletes events that ended before `before`; dead ones stay until a person has looked.
pub async fn prune(store: &Store, before: Timestamp) -> Result<u64, Error> {
    let ended = Column::State.is_in([State::Applied, State::Ignored]);
    // By their ids, which are as old as they are: an index of when they came would be written to with
    // every event, and read once a day.
    let first = EventId::from_uuid((before + CLOCKS).lowest_id());
    let old = Column::Id.lt(first).and(Column::ReceivedAt.lt(before));
    let deleted = Entity::delete_many().filter(ended.and(old)).exec(store.db.writer()).await?;
    Ok(deleted.rows_affected)
}
