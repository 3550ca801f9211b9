//! Payments: one purchase each, the seed's "transaction" (`002-DB1`).

use sea_orm::entity::prelude::*;

use crate::{Currency, CustomerId, Money, PaymentId, Provider, Timestamp, fact::RiskLevel};

/// How far a payment has come. It moves only forward, by [`Status::rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Nothing has been paid.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// The payer has to do something.
    #[sea_orm(string_value = "requires_action")]
    RequiresAction,
    /// The money is on its way.
    #[sea_orm(string_value = "processing")]
    Processing,
    /// The last try failed; another may succeed.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// It was given up.
    #[sea_orm(string_value = "canceled")]
    Canceled,
    /// The money arrived and the credits are granted.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// Part of the money went back.
    #[sea_orm(string_value = "partially_refunded")]
    PartiallyRefunded,
    /// All of the money went back.
    #[sea_orm(string_value = "refunded")]
    Refunded,
    /// Confirmed fraud.
    #[sea_orm(string_value = "blocked")]
    Blocked,
}

impl Status {
    /// The order in which statuses may follow each other, whatever the order of the events.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::RequiresAction => 1,
            Self::Processing => 2,
            Self::Failed => 3,
            Self::Canceled => 4,
            Self::Succeeded => 5,
            Self::PartiallyRefunded => 6,
            Self::Refunded => 7,
            Self::Blocked => 8,
        }
    }

    /// The status's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Succeeded => "succeeded",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Blocked => "blocked",
        }
    }
}

/// What a payment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// A package, once.
    #[sea_orm(string_value = "one_time")]
    OneTime,
    /// A subscription's period.
    #[sea_orm(string_value = "recurring")]
    Recurring,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payments")]
pub struct Model {
    /// The payment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaymentId,
    /// Who pays.
    pub customer_id: CustomerId,
    /// What is bought.
    pub package_id: String,
    /// What it is for.
    pub kind: Kind,
    /// Who moves the money.
    pub provider: Provider,
    /// The provider's id of it; `None` until the provider has answered.
    pub provider_reference: Option<String>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// What is owed, in minor units; fixed from the catalogue when the payment was made.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Credits to grant.
    pub credits: i64,
    /// Credits to grant on top.
    pub bonus_credits: i64,
    /// How far it has come.
    pub status: Status,
    /// Why the latest try failed, in the provider's code.
    pub failure_code: Option<String>,
    /// The issuer's finer reason.
    pub decline_code: Option<String>,
    /// When the latest failed try was, by the provider's clock.
    pub failed_at: Option<Timestamp>,
    /// `card`, `us_bank_account`, …
    pub method_kind: Option<String>,
    /// `visa`, …
    pub method_brand: Option<String>,
    /// Last four digits.
    pub method_last4: Option<String>,
    /// The wallet that the card was in: `apple_pay`, `google_pay`, …
    pub method_wallet: Option<String>,
    /// The provider's page for it.
    pub receipt_url: Option<String>,
    /// A keyed hash of the card's fingerprint, which tells cards apart and nothing else.
    pub card_blind: Option<String>,
    /// Where the card was issued, as ISO 3166-1 alpha-2.
    pub card_country: Option<String>,
    /// How risky the provider takes it for.
    pub risk: Option<RiskLevel>,
    /// The same in a number, 0 to 100.
    pub risk_score: Option<i64>,
    /// A keyed hash of the address it was begun from.
    pub address_blind: Option<String>,
    /// The address it was begun from; encrypted.
    pub address: Option<Vec<u8>>,
    /// A keyed hash of what the host application calls the device it was begun on.
    pub device_blind: Option<String>,
    /// What was paid back, is on its way, or is set aside to be, in minor units.
    pub refunded: i64,
    /// Raised by each change; a writer that read an older one has to read again.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the money arrived.
    pub succeeded_at: Option<Timestamp>,
}

impl Model {
    /// What is owed.
    pub fn price(&self) -> Money {
        Money::new(self.amount, self.currency.clone())
    }

    /// All credits it grants, bonus included.
    pub fn total_credits(&self) -> i64 {
        self.credits + self.bonus_credits
    }
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
