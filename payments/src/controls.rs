//! Pauses: an operator's, or a breaker's. Ingest is never paused.

use entities::{
    Timestamp,
    control::{ActiveModel, Column, Entity, Model, State},
};
use sea_orm::{EntityTrait, Set, sea_query::OnConflict};

use crate::{
    Error, Store,
    audit::{self, Line},
};

/// Scopes that can stand still.
pub const SCOPES: [&str; 5] = ["all", "events", "money", "mail", "upkeep"];

/// Sets `scope` to `state`; claims see it at once.
pub async fn set(
    store: &Store,
    scope: &str,
    state: State,
    reason: &str,
    by: &str,
    until: Option<Timestamp>,
) -> Result<(), Error> {
    if !SCOPES.contains(&scope) {
        return Err(Error::Invalid("a scope is one of all, events, money, mail, upkeep"));
    }
    let now = store.clock.now();
    let row = ActiveModel {
        scope: Set(scope.to_owned()),
        state: Set(state),
        reason: Set(reason.to_owned()),
        set_by: Set(by.to_owned()),
        until: Set(until),
        updated_at: Set(now),
    };
    let replace = OnConflict::column(Column::Scope)
        .update_columns([
            Column::State,
            Column::Reason,
            Column::SetBy,
            Column::Until,
            Column::UpdatedAt,
        ])
        .to_owned();
    let line = Line {
        actor: by.to_owned(),
        action: format!("control.{}", if state == State::Paused { "pause" } else { "resume" }),
        subject: scope.to_owned(),
        before: None,
        after: Some(reason.to_owned()),
    };
    let txn = store.db.begin().await?;
    Entity::insert(row).on_conflict(replace).exec_without_returning(&txn).await?;
    audit::write(&txn, vec![line], now).await?;
    Ok(txn.commit().await?)
}

/// Every control that was ever set.
pub async fn list(store: &Store) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().all(store.db.reader()).await?)
}
