//! What a run found missing, and healed.

use sea_orm::entity::prelude::*;

use crate::{EventId, GapId, PaymentId, ReconciliationId, Timestamp};

/// What was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// An event that the provider made and that had not reached us.
    #[sea_orm(string_value = "event")]
    Event,
    /// The end of a payment, which no event had told.
    #[sea_orm(string_value = "payment")]
    Payment,
    /// The end of a refund, which no event had told.
    #[sea_orm(string_value = "refund")]
    Refund,
    /// How far a dispute had come, which no event had told.
    #[sea_orm(string_value = "dispute")]
    Dispute,
}

impl Kind {
    /// The kind's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
        }
    }
}

/// One gap.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reconciliation_gaps")]
pub struct Model {
    /// The gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GapId,
    /// The run that found it.
    pub run_id: ReconciliationId,
    /// What was missing.
    pub kind: Kind,
    /// The provider's id of the event, or ours of the payment, refund or dispute; unique in a run and kind.
    pub reference: String,
    /// The event as our inbox has it now.
    pub event_id: Option<EventId>,
    /// The payment it was found by.
    pub payment_id: Option<PaymentId>,
    /// What it says: the kind of event, or `pending -> succeeded`.
    pub what: String,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
    /// When it was found.
    pub found_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
