//! Requests for refunds: what a customer asks for and a person decides (`002-DB3`).

use sea_orm::entity::prelude::*;

use crate::{Currency, CustomerId, Money, PaymentId, RefundRequestId, Timestamp};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Nobody has decided; the unused credits are set aside.
    #[sea_orm(string_value = "pending_review")]
    PendingReview,
    /// The money is to go back, or on its way.
    #[sea_orm(string_value = "approved")]
    Approved,
    /// The money went back.
    #[sea_orm(string_value = "refunded")]
    Refunded,
    /// It was approved, and the money could not be sent, or came back.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// No, with a reason; the customer may ask once more.
    #[sea_orm(string_value = "denied")]
    Denied,
    /// The customer asked for a second look; the unused credits are set aside again.
    #[sea_orm(string_value = "appealed")]
    Appealed,
    /// No, after the second look.
    #[sea_orm(string_value = "rejected")]
    Rejected,
}

impl State {
    /// The state's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingReview => "pending_review",
            Self::Approved => "approved",
            Self::Refunded => "refunded",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Appealed => "appealed",
            Self::Rejected => "rejected",
        }
    }

    /// Whether it waits for a person.
    pub const fn waits(self) -> bool {
        matches!(self, Self::PendingReview | Self::Appealed)
    }
}

/// One request; a payment has at most one that is open.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refund_requests")]
pub struct Model {
    /// The request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RefundRequestId,
    /// The payment to be refunded.
    pub payment_id: PaymentId,
    /// Whose.
    pub customer_id: CustomerId,
    /// Where it stands.
    pub state: State,
    /// Why, in the customer's words; encrypted.
    pub reason: Vec<u8>,
    /// More of them; encrypted.
    pub details: Option<Vec<u8>>,
    /// Why they disagree with a denial; encrypted.
    pub appeal: Option<Vec<u8>>,
    /// What the unused credits are worth, in minor units: the most that may be approved.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// How many credits were unused when it was asked for.
    pub unused: i64,
    /// Of how many that the payment granted, bonus included.
    pub granted: i64,
    /// Credits set aside for it now.
    pub held: i64,
    /// How often credits were set aside for it.
    pub holds: i64,
    /// Who asked, by the host application's id.
    pub requested_by: String,
    /// Who approved it first, where two people have to.
    pub first_approved_by: Option<String>,
    /// How much they approved, in minor units.
    pub first_approved_amount: Option<i64>,
    /// Who denied it the first time.
    pub denied_by: Option<String>,
    /// Who decided last.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What the customer was told about a denial.
    pub decision: Option<String>,
    /// Raised by each change; who decides on an older one has to look again.
    pub version: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When a second look was asked for.
    pub appealed_at: Option<Timestamp>,
}

impl Model {
    /// What the unused credits are worth.
    pub fn computed(&self) -> Money {
        Money::new(self.amount, self.currency.clone())
    }
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
