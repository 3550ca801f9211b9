//! What was written to customers about their cases (`AC9.6.6`).

use sea_orm::entity::prelude::*;

use crate::{MessageId, ReviewId, Timestamp};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "case_messages")]
pub struct Model {
    /// The message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    /// The case.
    pub review_id: ReviewId,
    /// What was written; encrypted.
    pub body: Vec<u8>,
    /// Who wrote it.
    pub sent_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
