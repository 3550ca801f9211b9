//! Balances that were changed by hand: who asked for it, who approved it, and what is left of it.

use sea_orm::entity::prelude::*;

use crate::{AdjustmentId, CustomerId, Timestamp};

/// How far a change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// An admin has to approve it; nothing has moved.
    #[sea_orm(string_value = "waiting")]
    Waiting,
    /// It is in the ledger.
    #[sea_orm(string_value = "applied")]
    Applied,
    /// An admin refused it.
    #[sea_orm(string_value = "refused")]
    Refused,
}

impl State {
    /// The state's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Applied => "applied",
            Self::Refused => "refused",
        }
    }
}

/// One change of a balance; `(customer_id, reference)` is unique.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_adjustments")]
pub struct Model {
    /// The change.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AdjustmentId,
    /// Whose balance.
    pub customer_id: CustomerId,
    /// How many credits: positive are given, negative are taken.
    pub credits: i64,
    /// Of those that were given, how many are not used yet.
    pub remaining: i64,
    /// Why; encrypted. `None` once it was erased.
    pub reason: Option<Vec<u8>>,
    /// How far it has come.
    pub state: State,
    /// What whoever asked calls it; the same is the same change.
    pub reference: String,
    /// Who asked for it, by the host application's id.
    pub asked_by: String,
    /// Who decided about it; `None` while it waits.
    pub decided_by: Option<String>,
    /// Raised by each decision.
    pub version: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
