//! Lots: which purchase funded which use.

use sea_orm::entity::prelude::*;

use crate::{CustomerId, LotId, PaymentId, Timestamp};

/// The credits of one purchase.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_lots")]
pub struct Model {
    /// The lot.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LotId,
    /// Whose.
    pub customer_id: CustomerId,
    /// The purchase; one lot each.
    #[sea_orm(unique)]
    pub payment_id: PaymentId,
    /// Credits granted, without the bonus.
    pub granted: i64,
    /// Bonus credits granted.
    pub bonus: i64,
    /// Credits not yet spent, taken or held, of both kinds.
    pub remaining: i64,
    /// Credits set aside, for a refund or a dispute.
    pub held: i64,
    /// Credits taken back, for refunds and lost disputes, whether they were still there or not.
    pub taken: i64,
    /// Those of them that had been spent: the customer owes them.
    pub owed: i64,
    /// When what remains lapses.
    pub expires_at: Option<Timestamp>,
    /// When it was granted; the oldest lot is spent first.
    pub created_at: Timestamp,
}

impl Model {
    /// All credits granted, bonus included.
    pub fn total(&self) -> i64 {
        self.granted + self.bonus
    }
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
