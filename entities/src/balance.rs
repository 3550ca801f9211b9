//! What a customer has of an asset: derived from the ledger's entries, and verified against them.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// One account's sum.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "balances")]
pub struct Model {
    /// The ledger account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// `credits`, or a currency's code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset: String,
    /// The sum of the account's entries.
    pub amount: i64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
