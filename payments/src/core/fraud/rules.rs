use std::time::Duration;

/// How much which sign of fraud says, and from when on.
///
/// A limit of 0 is none, points of 0 switch a rule off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether payments are judged; blocklist and flags hold either way.
    pub enabled: bool,
    /// From how many points on credits are set aside for review.
    pub review_points: u32,
    /// From how many points on nothing is sold.
    pub block_points: u32,
    /// The span in which payments, users and declines are counted, in minutes.
    pub span_minutes: u32,
    /// Points for a risk the provider calls elevated, or whose score is [`Rules::risk_score`].
    pub elevated_risk_points: u32,
    /// Points for a risk the provider calls highest.
    pub highest_risk_points: u32,
    /// From which score on a risk is elevated, 0 to 100.
    pub risk_score: u32,
    /// Points for a payment that the provider does not protect.
    pub unprotected_points: u32,
    /// Payments of a user within the span.
    pub payments_per_user: u32,
    /// Points for that.
    pub payments_per_user_points: u32,
    /// Payments of a user within the span that are begun and not paid; more are refused.
    pub begun_per_user: u32,
    /// Payments with a card within the span.
    pub payments_per_card: u32,
    /// Points for that.
    pub payments_per_card_points: u32,
    /// Users of a card within a day.
    pub users_per_card: u32,
    /// Points for that.
    pub users_per_card_points: u32,
    /// Users at an address within the span.
    pub users_per_address: u32,
    /// Points for that.
    pub users_per_address_points: u32,
    /// Users of a device within a day.
    pub users_per_device: u32,
    /// Points for that.
    pub users_per_device_points: u32,
    /// Declined tries within the span, of a user or from an address.
    pub declines: u32,
    /// Points for that.
    pub declines_points: u32,
    /// Declined tries from which on nothing is sold for a while.
    pub declines_refused: u32,
    /// How many times the largest earlier payment is unusual.
    pub amount_times: u32,
    /// After how many payments a user has a largest one.
    pub amount_after: u32,
    /// Points for an unusual amount.
    pub amount_points: u32,
    /// Points for a card from another country than the customer is billed in.
    pub country_points: u32,
}

impl Rules {
    /// Nothing is judged but what a person decided.
    pub const OFF: Self = Self {
        enabled: false,
        review_points: 50,
        block_points: 100,
        span_minutes: 60,
        elevated_risk_points: 0,
        highest_risk_points: 0,
        risk_score: 65,
        unprotected_points: 0,
        payments_per_user: 0,
        payments_per_user_points: 0,
        begun_per_user: 0,
        payments_per_card: 0,
        payments_per_card_points: 0,
        users_per_card: 0,
        users_per_card_points: 0,
        users_per_address: 0,
        users_per_address_points: 0,
        users_per_device: 0,
        users_per_device_points: 0,
        declines: 0,
        declines_points: 0,
        declines_refused: 0,
        amount_times: 0,
        amount_after: 0,
        amount_points: 0,
        country_points: 0,
    };

    /// The span in which payments, users and declines are counted.
    pub fn span(&self) -> Duration {
        Duration::from_mins(self.span_minutes.into())
    }
}
