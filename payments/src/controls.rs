//! Pauses: an operator's, or a breaker's. Ingest is never paused.

use entities::{
    Timestamp,
    control::{ActiveModel, Column, Entity, Model, State},
};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, Set, sea_query::OnConflict};

use crate::{
    Error, Store,
    audit::{self, Line},
    breaker,
};

/// Scopes that can stand still: everything, a lane, or what sends money back among the lane
/// `money`: refunds, and accepting disputes.
pub const SCOPES: [&str; 6] = ["all", "events", "money", "refunds", "mail", "upkeep"];

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
        return Err(Error::Invalid("a scope is one of all, events, money, refunds, mail, upkeep"));
    }
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    write(&txn, Change { scope, state, reason, by, until }, now).await?;
    if state == State::Running {
        // What is seen from now on is another episode: whoever resumed has seen to this one.
        breaker::seen_to(&txn, scope, now).await?;
    }
    Ok(txn.commit().await?)
}

/// A change of a scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) scope: &'a str,
    pub(crate) state: State,
    pub(crate) reason: &'a str,
    pub(crate) by: &'a str,
    pub(crate) until: Option<Timestamp>,
}

/// Writes `change` and its line of the audit log, if and only if `txn` commits.
pub(crate) async fn write(
    txn: &DatabaseTransaction,
    change: Change<'_>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let Change { scope, state, reason, by, until } = change;
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
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let line = Line {
        actor: by.to_owned(),
        action: format!("control.{}", if state == State::Paused { "pause" } else { "resume" }),
        subject: scope.to_owned(),
        before: None,
        after: Some(format!("{reason}{until}")),
    };
    Entity::insert(row).on_conflict(replace).exec_without_returning(txn).await?;
    audit::write(txn, vec![line], now).await
}

/// Every control that was ever set.
pub async fn list(store: &Store) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().all(store.db.reader()).await?)
}
