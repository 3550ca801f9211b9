//! Packages: what can be bought. Seeded from `catalog.toml`.

use sea_orm::entity::prelude::*;

use crate::{Currency, Money, Timestamp};

/// One package of credits.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "packages")]
pub struct Model {
    /// Its name in the API: `pro-200`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its price, in minor units.
    pub amount: i64,
    /// The price's currency.
    pub currency: Currency,
    /// Credits it grants.
    pub credits: i64,
    /// Credits it grants on top.
    pub bonus_credits: i64,
    /// Whether it is on sale.
    pub active: bool,
    /// When this row last changed.
    pub updated_at: Timestamp,
}

impl Model {
    /// What it costs.
    pub fn price(&self) -> Money {
        Money::new(self.amount, self.currency.clone())
    }
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
