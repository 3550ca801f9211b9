//! Ledger entries: the legs of a transfer. Append-only.

use sea_orm::entity::prelude::*;

use crate::TransferId;

/// One leg.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entries")]
pub struct Model {
    /// The transfer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: TransferId,
    /// Which leg of it, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub leg: i64,
    /// Where it goes (positive) or comes from (negative).
    pub account: String,
    /// `credits`, or a currency's code.
    pub asset: String,
    /// How much, in the asset's minor unit; a transfer's legs sum to zero in each asset.
    pub amount: i64,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
