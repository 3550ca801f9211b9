//! Disputes, as the desk sees them. What is told of them is applied by
//! [`money_back`](crate::money_back).

use entities::{
    DisputeId,
    dispute::{Column, Entity, Model, State},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{Error, Store};

/// Most disputes on a page.
const MOST: u64 = 100;

/// A page of disputes, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disputes {
    /// The disputes.
    pub disputes: Vec<Model>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<DisputeId>,
}

/// Disputes in one of `states`, or all: one page, after `after`.
pub async fn page(
    store: &Store,
    states: &[State],
    after: Option<DisputeId>,
    limit: u64,
) -> Result<Disputes, Error> {
    let limit = limit.clamp(1, MOST);
    let mut select = Entity::find().order_by_desc(Column::Id).limit(limit + 1);
    if !states.is_empty() {
        select = select.filter(Column::State.is_in(states.iter().copied()));
    }
    if let Some(after) = after {
        select = select.filter(Column::Id.lt(after));
    }
    let mut disputes = select.all(store.db.reader()).await?;
    let more = disputes.len() as u64 > limit;
    disputes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = disputes.last().filter(|_| more).map(|row| row.id);
    Ok(Disputes { disputes, next })
}
