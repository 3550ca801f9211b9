//! `[fraud]` and `[breaker]`: what is suspicious, and when the work stands still.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// `[fraud]`: how much which sign of fraud says, in points, and from when on. A limit of 0 is none;
/// points of 0 switch a rule off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fraud {
    /// Whether payments are judged; blocklist and flags hold either way.
    pub enabled: bool,
    /// From how many points on credits are set aside until a person has looked.
    pub review_points: u32,
    /// From how many points on nothing is sold.
    pub block_points: u32,
    /// The span in which payments, users and declines are counted.
    pub span_minutes: u32,
    /// Points for a risk the provider calls elevated.
    pub elevated_risk_points: u32,
    /// Points for a risk the provider calls highest.
    pub highest_risk_points: u32,
    /// From which score of the provider's on a risk is elevated.
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

impl Default for Fraud {
    fn default() -> Self {
        Self {
            enabled: true,
            review_points: 50,
            block_points: 100,
            span_minutes: 60,
            elevated_risk_points: 50,
            highest_risk_points: 100,
            risk_score: 65,
            unprotected_points: 15,
            payments_per_user: 20,
            payments_per_user_points: 30,
            begun_per_user: 100,
            payments_per_card: 30,
            payments_per_card_points: 30,
            users_per_card: 6,
            users_per_card_points: 50,
            users_per_address: 10,
            users_per_address_points: 30,
            users_per_device: 3,
            users_per_device_points: 40,
            declines: 20,
            declines_points: 50,
            declines_refused: 40,
            amount_times: 5,
            amount_after: 2,
            amount_points: 20,
            country_points: 25,
        }
    }
}

impl Fraud {
    /// Every number, by its key, with the range it must be in.
    pub(super) fn numbers(&self) -> Vec<(&'static str, u64, RangeInclusive<u64>)> {
        let count = |value: u32| (u64::from(value), 0..=1_000_000_u64);
        let points = |value: u32| (u64::from(value), 0..=1_000_u64);
        let of = |key, (value, range)| (key, value, range);
        vec![
            ("fraud.review_points", self.review_points.into(), 1..=1_000),
            ("fraud.block_points", self.block_points.into(), 1..=1_000),
            ("fraud.span_minutes", self.span_minutes.into(), 1..=1_440),
            ("fraud.risk_score", self.risk_score.into(), 1..=100),
            of("fraud.elevated_risk_points", points(self.elevated_risk_points)),
            of("fraud.highest_risk_points", points(self.highest_risk_points)),
            of("fraud.unprotected_points", points(self.unprotected_points)),
            of("fraud.payments_per_user", count(self.payments_per_user)),
            of("fraud.payments_per_user_points", points(self.payments_per_user_points)),
            of("fraud.begun_per_user", count(self.begun_per_user)),
            of("fraud.payments_per_card", count(self.payments_per_card)),
            of("fraud.payments_per_card_points", points(self.payments_per_card_points)),
            of("fraud.users_per_card", count(self.users_per_card)),
            of("fraud.users_per_card_points", points(self.users_per_card_points)),
            of("fraud.users_per_address", count(self.users_per_address)),
            of("fraud.users_per_address_points", points(self.users_per_address_points)),
            of("fraud.users_per_device", count(self.users_per_device)),
            of("fraud.users_per_device_points", points(self.users_per_device_points)),
            of("fraud.declines", count(self.declines)),
            of("fraud.declines_points", points(self.declines_points)),
            of("fraud.declines_refused", count(self.declines_refused)),
            of("fraud.amount_times", count(self.amount_times)),
            of("fraud.amount_after", count(self.amount_after)),
            of("fraud.amount_points", points(self.amount_points)),
            of("fraud.country_points", points(self.country_points)),
        ]
    }
}

/// `[breaker]`: what is taken for an attack, and how long money stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// Webhooks with a wrong signature within a minute, to one process.
    pub forged_signatures_per_minute: u32,
    /// Tokens that prove nothing within a minute, to one process.
    pub sign_in_failures_per_minute: u32,
    /// Declined tries to pay within ten minutes, by anybody.
    pub declines_per_ten_minutes: u32,
    /// Payments within an hour about which a signed event contradicts our rows.
    pub contradictions_per_hour: u32,
    /// For how long money stays where it is when strangers could have faked the signs.
    pub pause_minutes: u32,
    /// Least time between two such pauses, so that a stranger cannot keep refunds back for ever.
    pub pause_every_minutes: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            forged_signatures_per_minute: 300,
            sign_in_failures_per_minute: 300,
            declines_per_ten_minutes: 500,
            contradictions_per_hour: 10,
            pause_minutes: 10,
            pause_every_minutes: 60,
        }
    }
}

impl Breaker {
    /// Every number, by its key, with the range it must be in.
    pub(super) fn numbers(&self) -> Vec<(&'static str, u64, RangeInclusive<u64>)> {
        let of = |key, value: u32, range| (key, u64::from(value), range);
        vec![
            of(
                "breaker.forged_signatures_per_minute",
                self.forged_signatures_per_minute,
                1..=1_000_000,
            ),
            of(
                "breaker.sign_in_failures_per_minute",
                self.sign_in_failures_per_minute,
                1..=1_000_000,
            ),
            of("breaker.declines_per_ten_minutes", self.declines_per_ten_minutes, 1..=1_000_000),
            of("breaker.contradictions_per_hour", self.contradictions_per_hour, 1..=1_000_000),
            of("breaker.pause_minutes", self.pause_minutes, 1..=10),
            of("breaker.pause_every_minutes", self.pause_every_minutes, 20..=1_440),
        ]
    }
}
