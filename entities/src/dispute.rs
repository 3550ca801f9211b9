//! Disputes: a payer went to the bank instead of to us.

use sea_orm::entity::prelude::*;

use crate::{Currency, DisputeId, Money, PaymentId, Provider, Timestamp};

/// Where a dispute stands. It moves only forward, by [`State::rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// The bank asks; no money is taken yet.
    #[sea_orm(string_value = "warning")]
    Warning,
    /// Evidence is awaited.
    #[sea_orm(string_value = "needs_response")]
    NeedsResponse,
    /// The bank looks at the evidence.
    #[sea_orm(string_value = "under_review")]
    UnderReview,
    /// It ended before it became one, or without a loss.
    #[sea_orm(string_value = "harmless")]
    Harmless,
    /// The bank found for us.
    #[sea_orm(string_value = "won")]
    Won,
    /// The bank found for the payer.
    #[sea_orm(string_value = "lost")]
    Lost,
}

impl State {
    /// The order in which states may follow each other, whatever the order of the news.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Warning => 0,
            Self::NeedsResponse => 1,
            Self::UnderReview => 2,
            Self::Harmless => 3,
            Self::Won => 4,
            Self::Lost => 5,
        }
    }

    /// The state's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::NeedsResponse => "needs_response",
            Self::UnderReview => "under_review",
            Self::Harmless => "harmless",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Whether the bank has yet to decide: credits stay set aside, and nothing is refunded.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::NeedsResponse | Self::UnderReview)
    }
}

/// What the bank did with the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Funds {
    /// Nothing.
    #[sea_orm(string_value = "untouched")]
    Untouched,
    /// It took it.
    #[sea_orm(string_value = "withdrawn")]
    Withdrawn,
    /// It took it and returned it.
    #[sea_orm(string_value = "reinstated")]
    Reinstated,
}

impl Funds {
    /// The name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Withdrawn => "withdrawn",
            Self::Reinstated => "reinstated",
        }
    }
}

/// What the ledger holds of a dispute's credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Booked {
    /// Nothing.
    #[sea_orm(string_value = "nothing")]
    Nothing,
    /// That it was opened.
    #[sea_orm(string_value = "open")]
    Open,
    /// That it ended without a loss.
    #[sea_orm(string_value = "won")]
    Won,
    /// That it was lost.
    #[sea_orm(string_value = "lost")]
    Lost,
}

impl Booked {
    /// The name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// One dispute; the provider's id of it is unique.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "disputes")]
pub struct Model {
    /// The dispute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DisputeId,
    /// The payment that is disputed.
    pub payment_id: PaymentId,
    /// Who tells us.
    pub provider: Provider,
    /// The provider's id of it.
    pub provider_reference: String,
    /// How much is disputed, in minor units.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Credits to take if it is lost.
    pub credits: i64,
    /// Why, in the provider's code.
    pub reason: String,
    /// Where it stands.
    pub state: State,
    /// What the bank did with the money.
    pub funds: Funds,
    /// What the ledger holds of its credits.
    pub booked: Booked,
    /// What the ledger holds of its money.
    pub booked_funds: Funds,
    /// Credits set aside for it now.
    pub held: i64,
    /// Until when evidence may be sent.
    pub evidence_due: Option<Timestamp>,
    /// When it was opened, by the provider's clock.
    pub opened_at: Timestamp,
    /// Raised by each change.
    pub version: i64,
    /// When we heard of it.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
}

impl Model {
    /// How much is disputed.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency.clone())
    }
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
