//! Refunds: money on its way back, sent by us or made in the provider's dashboard.

use sea_orm::entity::prelude::*;

use crate::{Currency, Money, PaymentId, Provider, RefundId, RefundRequestId, Timestamp};

/// How far a refund has come. It moves only forward, by [`State::rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Approved, and its amount and credits set aside; nothing was sent.
    #[sea_orm(string_value = "reserved")]
    Reserved,
    /// About to be sent, or sent and not answered.
    #[sea_orm(string_value = "submitting")]
    Submitting,
    /// Sent, and the answer was lost: it is looked up until it is known.
    #[sea_orm(string_value = "unknown")]
    Unknown,
    /// The provider has it, and the money is on its way.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// It was paid.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// It was called off before it was paid.
    #[sea_orm(string_value = "canceled")]
    Canceled,
    /// It could not be paid, or came back after it was.
    #[sea_orm(string_value = "failed")]
    Failed,
}

impl State {
    /// The order in which states may follow each other, whatever the order of the news.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Reserved => 0,
            Self::Submitting => 1,
            Self::Unknown => 2,
            Self::Pending => 3,
            Self::Succeeded => 4,
            Self::Canceled => 5,
            Self::Failed => 6,
        }
    }

    /// The state's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Submitting => "submitting",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
        }
    }

    /// Whether no money goes back by it.
    pub const fn is_void(self) -> bool {
        matches!(self, Self::Canceled | Self::Failed)
    }
}

/// Who made a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Origin {
    /// We did, for a request that was approved.
    #[sea_orm(string_value = "desk")]
    Desk,
    /// Somebody did at the provider, and its webhook told us.
    #[sea_orm(string_value = "provider")]
    Provider,
}

impl Origin {
    /// The origin's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Provider => "provider",
        }
    }
}

/// What the ledger holds of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Booked {
    /// Nothing.
    #[sea_orm(string_value = "nothing")]
    Nothing,
    /// That it was paid.
    #[sea_orm(string_value = "paid")]
    Paid,
    /// That it was paid and came back.
    #[sea_orm(string_value = "returned")]
    Returned,
}

impl Booked {
    /// The name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Paid => "paid",
            Self::Returned => "returned",
        }
    }
}

/// One refund; the provider's id of it is unique.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refunds")]
pub struct Model {
    /// The refund.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RefundId,
    /// The payment that goes back.
    pub payment_id: PaymentId,
    /// The request that was approved; `None` for one made at the provider.
    pub request_id: Option<RefundRequestId>,
    /// Who moves the money.
    pub provider: Provider,
    /// The provider's id of it; `None` until the provider has answered.
    pub provider_reference: Option<String>,
    /// Who made it.
    pub origin: Origin,
    /// How much goes back, in minor units.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Credits to take for it, as far as they are there.
    pub credits: i64,
    /// How far it has come.
    pub state: State,
    /// What the ledger holds of it.
    pub booked: Booked,
    /// The key under which it is sent, as often as need be; frozen before the first byte is.
    pub idempotency_key: Option<String>,
    /// When it was first sent.
    pub first_sent_at: Option<Timestamp>,
    /// Why it failed, in the provider's code.
    pub failure: Option<String>,
    /// Raised by each change.
    pub version: i64,
    /// When it was approved, or when we heard of it.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was paid.
    pub succeeded_at: Option<Timestamp>,
}

impl Model {
    /// How much goes back.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency.clone())
    }
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
