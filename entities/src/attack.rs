//! Attacks: signals of one kind, from the first until they have ceased for a while (`AC9.3.7`).

use sea_orm::entity::prelude::*;

use crate::{AttackId, Timestamp};

/// One episode; of each signal at most one is open.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attacks")]
pub struct Model {
    /// The episode.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttackId,
    /// What was seen: `forged-signatures`, …
    pub signal: String,
    /// How often.
    pub seen: i64,
    /// What was seen, in a sentence.
    pub detail: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// Until when money stays where it is because of it.
    pub paused_until: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
