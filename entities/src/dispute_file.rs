//! Files that go with evidence.

use sea_orm::entity::prelude::*;

use crate::{AnswerId, DisputeFileId};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dispute_files")]
pub struct Model {
    /// The file.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DisputeFileId,
    /// The answer it goes with.
    pub answer_id: AnswerId,
    /// Its place among the answer's files.
    pub place: i64,
    /// What it is called.
    pub name: String,
    /// Which part of the evidence it is (`receipt`).
    pub field: String,
    /// Its media type.
    pub media: String,
    /// What is in it; encrypted.
    pub content: Vec<u8>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
