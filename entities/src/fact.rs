//! What a provider told us, in our own words.
//!
//! Gateways translate into facts, `payments` decides upon them; neither knows the other.

use sea_orm::entity::prelude::*;

use crate::{Money, PaymentId, Provider, Timestamp};

/// One thing a provider says about one of its payment objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Who says it.
    pub provider: Provider,
    /// The provider's id of the payment object (`pi_…`).
    pub reference: String,
    /// The payment of ours that the object claims to be for (`metadata.payment_id`).
    pub claimed: Option<PaymentId>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The connected account it is about; `None` for our own.
    pub account: Option<String>,
    /// What the object asks the payer for, before any of it is paid.
    pub asked: Money,
    /// When the provider says it happened.
    pub occurred_at: Timestamp,
    /// What is said.
    pub news: News,
}

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The provider made the object, and nothing more has happened.
    Created,
    /// The payer has to do something, such as a 3-D Secure challenge.
    RequiresAction,
    /// The money is on its way and may still fail to arrive.
    Processing,
    /// The money arrived.
    Succeeded(Receipt),
    /// How the money was taken. That it arrived is told apart from this, before or after.
    Charged(Receipt),
    /// A try failed; another may follow.
    Failed(Failure),
    /// What the payer had chosen to pay from was declined; the provider waits for another choice.
    Declined(Failure),
    /// It was given up; no money will arrive.
    Canceled,
}

/// Proof that money arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What was collected.
    pub collected: Money,
    /// How it was paid, as far as it may be shown.
    pub method: MethodSummary,
    /// The provider's own page for it.
    pub receipt_url: Option<String>,
    /// What speaks for or against the payer, as far as the provider tells.
    pub evidence: Evidence,
}

/// What a provider tells that speaks for or against a payer (`002-TS4`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Which card it was.
    pub card: Option<CardMark>,
    /// Where the card was issued, as ISO 3166-1 alpha-2.
    pub card_country: Option<String>,
    /// How risky the provider takes the payment for.
    pub risk: Option<RiskLevel>,
    /// The same in a number, 0 to 100.
    pub risk_score: Option<i64>,
}

/// What a provider tells cards apart by. Only a keyed hash of it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct CardMark(pub String);

impl std::fmt::Debug for CardMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardMark([REDACTED])")
    }
}

/// How risky a provider takes a payment for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum RiskLevel {
    /// As most are.
    #[sea_orm(string_value = "normal")]
    Normal,
    /// Should it be disputed, the provider does not stand in for it.
    #[sea_orm(string_value = "unprotected")]
    Unprotected,
    /// More than most.
    #[sea_orm(string_value = "elevated")]
    Elevated,
    /// The provider would rather not have taken it.
    #[sea_orm(string_value = "highest")]
    Highest,
}

impl RiskLevel {
    /// The level's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unprotected => "unprotected",
            Self::Elevated => "elevated",
            Self::Highest => "highest",
        }
    }
}

/// The parts of a payment method that may be stored and shown (`001-SR3`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodSummary {
    /// `card`, `us_bank_account`, …
    pub kind: Option<String>,
    /// `visa`, …
    pub brand: Option<String>,
    /// Last four digits.
    pub last4: Option<String>,
    /// The wallet that the card was in: `apple_pay`, `google_pay`, …
    pub wallet: Option<String>,
}

/// Why a try failed, in the provider's own codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `card_declined`, `expired_card`, …
    pub code: String,
    /// The issuer's finer reason: `insufficient_funds`, …
    pub decline_code: Option<String>,
}

/// A payment method that a provider keeps for a payer; never more of it than may be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptMethod {
    /// The provider's id of it, with which it can be charged: a secret between us.
    pub token: String,
    /// What it is.
    pub summary: MethodSummary,
    /// The month it expires in, 1 to 12, if it does.
    pub exp_month: Option<i64>,
    /// The year it expires in.
    pub exp_year: Option<i64>,
}

impl std::fmt::Debug for KeptMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptMethod").field("summary", &self.summary).finish_non_exhaustive()
    }
}
