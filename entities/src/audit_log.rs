//! Who changed what, and when. Append-only.

use sea_orm::entity::prelude::*;

use crate::{AuditId, Timestamp};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// The row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who: `provider:stripe`, `system`, `user:<ref>`, `operator`.
    pub actor: String,
    /// What was done: `payment.succeeded`, `job.requeue`, …
    pub action: String,
    /// To what: a prefixed id.
    pub subject: String,
    /// How it was, where that says something.
    pub before: Option<String>,
    /// How it is now, where that says something.
    pub after: Option<String>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
