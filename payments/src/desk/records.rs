//! The audit log, page by page.

use entities::{
    AuditId, Timestamp,
    audit_log::{Column, Entity, Model},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    Error, Store,
    audit::{self, Line},
};

/// Which lines are wanted; what is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Who did it, or how that begins.
    pub actor: Option<String>,
    /// What was done, or how that begins.
    pub action: Option<String>,
    /// To what.
    pub subject: Option<String>,
    /// Done then or later.
    pub from: Option<Timestamp>,
    /// Done before.
    pub before: Option<Timestamp>,
}

/// At most `limit` lines that `filter` means, newest first, from `after` on.
pub async fn list(
    store: &Store,
    filter: &Filter,
    after: Option<AuditId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(actor) = &filter.actor {
        find = find.filter(Column::Actor.starts_with(actor));
    }
    if let Some(action) = &filter.action {
        find = find.filter(Column::Action.starts_with(action));
    }
    if let Some(subject) = &filter.subject {
        find = find.filter(Column::Subject.eq(subject));
    }
    if let Some(from) = filter.from {
        find = find.filter(Column::At.gte(from));
    }
    if let Some(before) = filter.before {
        find = find.filter(Column::At.lt(before));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    Ok(find.all(store.db.reader()).await?)
}

/// Writes down that `actor` did `action` to `subject`, where nothing else of ours changed.
pub async fn note(store: &Store, actor: &str, action: &str, subject: String) -> Result<(), Error> {
    let line = Line {
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject,
        before: None,
        after: None,
    };
    let txn = store.db.begin().await?;
    audit::write(&txn, vec![line], store.clock.now()).await?;
    Ok(txn.commit().await?)
}
