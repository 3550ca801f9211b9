//! Pages of a provider's on which a payment is made: the provider names the payment only once its
//! payer has tried to pay, and the page from the start.

use sea_orm::entity::prelude::*;

use crate::{PaymentId, Timestamp};

/// The page of one payment.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkout_sessions")]
pub struct Model {
    /// What is paid there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub payment_id: PaymentId,
    /// The provider's id of it (`cs_…`).
    pub reference: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
