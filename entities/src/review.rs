//! Reviews: what a person has to look at before anything moves.

use sea_orm::entity::prelude::*;

use crate::{EventId, PaymentId, ReviewId, Timestamp};

/// Where a review stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Nobody has decided.
    #[sea_orm(string_value = "open")]
    Open,
    /// It was harmless.
    #[sea_orm(string_value = "released")]
    Released,
    /// It was what it looked like.
    #[sea_orm(string_value = "confirmed")]
    Confirmed,
}

impl State {
    /// The state's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Released => "released",
            Self::Confirmed => "confirmed",
        }
    }
}

/// The rule of cases in which a payment is suspected of fraud.
pub const FRAUD: &str = "fraud";

/// One case; a rule opens at most one for each payment.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reviews")]
pub struct Model {
    /// The review.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReviewId,
    /// The payment it is about.
    pub payment_id: PaymentId,
    /// Which rule opened it: `amount-mismatch`, …
    pub rule: String,
    /// What was seen, in a sentence.
    pub detail: String,
    /// The event that opened it.
    pub event_id: Option<EventId>,
    /// How much speaks against the payment, in points; 0 where that is not the question.
    pub points: i64,
    /// What speaks against it: a JSON list of rule, points and a sentence each.
    pub hits: Option<String>,
    /// Credits that are set aside until somebody decides.
    pub held: i64,
    /// Where it stands.
    pub state: State,
    /// Raised by each change; a decision names the one it was made upon.
    pub version: i64,
    /// What whoever decided wrote down.
    pub note: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
