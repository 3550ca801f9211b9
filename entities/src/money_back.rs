//! What a provider told us of money that goes back, in our own words.
//!
//! Siblings of [`Fact`](crate::fact::Fact): gateways translate into them, `payments` decides.

use crate::{Money, Provider, RefundId, Timestamp};

/// One thing a provider says about one refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFact {
    /// Who says it.
    pub provider: Provider,
    /// The provider's id of the refund (`re_…`).
    pub reference: String,
    /// The provider's id of the payment object that is refunded (`pi_…`).
    pub payment_reference: String,
    /// The refund of ours that it claims to be (`metadata.refund_id`); `None` for one that was made
    /// elsewhere, such as in the provider's dashboard.
    pub claimed: Option<RefundId>,
    /// Whether it is about real money; `None` where the provider's object does not say.
    pub livemode: Option<bool>,
    /// The connected account it is about; `None` for our own.
    pub account: Option<String>,
    /// How much goes back.
    pub amount: Money,
    /// When the provider says it happened.
    pub occurred_at: Timestamp,
    /// What is said.
    pub news: RefundNews,
}

/// What became of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundNews {
    /// It is on its way.
    Pending,
    /// It was paid.
    Succeeded,
    /// It was called off before it was paid.
    Canceled,
    /// It could not be paid, or came back after it was; the reason in the provider's code.
    Failed(String),
}

/// One thing a provider says about one dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeFact {
    /// Who says it.
    pub provider: Provider,
    /// The provider's id of the dispute (`du_…`).
    pub reference: String,
    /// The provider's id of the payment object that is disputed (`pi_…`).
    pub payment_reference: String,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The connected account it is about; `None` for our own.
    pub account: Option<String>,
    /// How much is disputed.
    pub amount: Money,
    /// Why, in the provider's code (`fraudulent`, `product_not_received`).
    pub reason: String,
    /// Where it stands.
    pub stage: DisputeStage,
    /// What the bank did with the money, as far as this tells.
    pub funds: Option<Funds>,
    /// Until when evidence may be sent.
    pub evidence_due: Option<Timestamp>,
    /// When the provider says it happened.
    pub occurred_at: Timestamp,
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStage {
    /// The bank asks; no money is taken yet.
    Warning,
    /// The bank has taken the payer's side until it hears ours.
    NeedsResponse,
    /// The bank looks at our evidence.
    UnderReview,
    /// It ended before it became a dispute, or was settled without a loss.
    Harmless,
    /// The bank found for us.
    Won,
    /// The bank found for the payer.
    Lost,
}

/// What the bank did with disputed money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funds {
    /// It took it.
    Withdrawn,
    /// It returned it.
    Reinstated,
}

/// A provider's word that the payer's bank suspects a payment of fraud, before any dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningFact {
    /// Who says it.
    pub provider: Provider,
    /// The provider's id of the warning (`issfr_…`).
    pub reference: String,
    /// The provider's id of the payment object that is suspected (`pi_…`).
    pub payment_reference: String,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The connected account it is about; `None` for our own.
    pub account: Option<String>,
    /// Why, in the provider's code (`made_with_stolen_card`).
    pub reason: String,
    /// Whether a refund can still keep a dispute away.
    pub actionable: bool,
}
