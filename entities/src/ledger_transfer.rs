//! Ledger transfers: what moved, once for each business fact. Append-only.

use sea_orm::entity::prelude::*;

use crate::{CustomerId, Timestamp, TransferId};

/// Why something moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// A payment succeeded: money in, credits out.
    #[sea_orm(string_value = "grant")]
    Grant,
    /// The customer used credits.
    #[sea_orm(string_value = "spend")]
    Spend,
    /// Credits were set aside for a refund that was asked for.
    #[sea_orm(string_value = "hold")]
    Hold,
    /// Credits that were set aside for a refund are free again.
    #[sea_orm(string_value = "release")]
    Release,
    /// A refund was paid: money out, credits taken.
    #[sea_orm(string_value = "refund")]
    Refund,
    /// A refund that was paid came back: money in, credits back.
    #[sea_orm(string_value = "refund_return")]
    RefundReturn,
    /// A dispute was opened: credits set aside.
    #[sea_orm(string_value = "dispute")]
    Dispute,
    /// A dispute ended: credits free again, or taken.
    #[sea_orm(string_value = "dispute_end")]
    DisputeEnd,
    /// The bank took a disputed payment back.
    #[sea_orm(string_value = "chargeback")]
    Chargeback,
    /// The bank returned it.
    #[sea_orm(string_value = "chargeback_return")]
    ChargebackReturn,
    /// A person gave or took credits.
    #[sea_orm(string_value = "adjustment")]
    Adjustment,
}

impl Kind {
    /// The kind's name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Spend => "spend",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Refund => "refund",
            Self::RefundReturn => "refund_return",
            Self::Dispute => "dispute",
            Self::DisputeEnd => "dispute_end",
            Self::Chargeback => "chargeback",
            Self::ChargebackReturn => "chargeback_return",
            Self::Adjustment => "adjustment",
        }
    }
}

/// One transfer; `(kind, source_ref)` is unique, so a second one for the same fact is impossible.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_transfers")]
pub struct Model {
    /// The transfer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TransferId,
    /// Why it moved.
    pub kind: Kind,
    /// The business fact: for a grant the payment, for a refund the refund.
    pub source_ref: String,
    /// Whose.
    pub customer_id: CustomerId,
    /// When.
    pub created_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
