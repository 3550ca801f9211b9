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
}

impl Kind {
    /// The kind's name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Spend => "spend",
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
    /// The business fact: for a grant, the payment.
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
