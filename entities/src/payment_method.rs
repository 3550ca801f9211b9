//! Saved payment methods: tokens only, never a card (`002-DB2`, `AC9.3.3`).

use sea_orm::entity::prelude::*;

use crate::{CustomerId, MethodId, Provider, Timestamp};

/// One method that a provider keeps for a customer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_methods")]
pub struct Model {
    /// The method.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MethodId,
    /// Whose.
    pub customer_id: CustomerId,
    /// Who keeps it.
    pub provider: Provider,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The provider's id of it; encrypted.
    pub token: Vec<u8>,
    /// A keyed hash of the token, to find it by.
    pub token_blind: String,
    /// `card`, `us_bank_account`, …
    pub kind: Option<String>,
    /// `visa`, …
    pub brand: Option<String>,
    /// Last four digits.
    pub last4: Option<String>,
    /// The month it expires in, 1 to 12.
    pub exp_month: Option<i64>,
    /// The year it expires in.
    pub exp_year: Option<i64>,
    /// When we first knew that it is kept; anew if it was detached in between.
    pub created_at: Timestamp,
    /// When it was taken off; it can no longer be charged.
    pub detached_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
