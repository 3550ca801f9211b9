use entities::{
    Timestamp,
    provider_event::{Column, Entity, State},
};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};

use crate::{Error, Store};

/// Deletes events that ended before `before`; dead ones stay until a person has looked.
pub async fn prune(store: &Store, before: Timestamp) -> Result<u64, Error> {
    let ended = Column::State.is_in([State::Applied, State::Ignored]);
    let old = Column::ReceivedAt.lt(before);
    let deleted = Entity::delete_many().filter(ended.and(old)).exec(store.db.writer()).await?;
    Ok(deleted.rows_affected)
}
