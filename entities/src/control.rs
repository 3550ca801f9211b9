//! Pauses: which part of the work stands still, and why.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// Whether a scope works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// It works.
    #[sea_orm(string_value = "running")]
    Running,
    /// It stands still.
    #[sea_orm(string_value = "paused")]
    Paused,
}

/// One scope's switch.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "controls")]
pub struct Model {
    /// A lane's name, or `all`. Ingest is never paused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    /// Whether it works.
    pub state: State,
    /// Why, for the next person.
    pub reason: String,
    /// Who set it.
    pub set_by: String,
    /// When a pause ends by itself.
    pub until: Option<Timestamp>,
    /// When it was set.
    pub updated_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
