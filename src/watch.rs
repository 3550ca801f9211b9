//! What the configuration says of fraud and attacks, in the words of those who act upon it.

use std::time::Duration;

use boot::config::{Breaker, Fraud};
use payments::core::{Alarms, Pauses, fraud::Rules};

/// What is suspicious.
pub fn rules(fraud: &Fraud) -> Rules {
    Rules {
        enabled: fraud.enabled,
        review_points: fraud.review_points,
        block_points: fraud.block_points,
        span_minutes: fraud.span_minutes,
        elevated_risk_points: fraud.elevated_risk_points,
        highest_risk_points: fraud.highest_risk_points,
        risk_score: fraud.risk_score,
        unprotected_points: fraud.unprotected_points,
        payments_per_user: fraud.payments_per_user,
        payments_per_user_points: fraud.payments_per_user_points,
        begun_per_user: fraud.begun_per_user,
        payments_per_card: fraud.payments_per_card,
        payments_per_card_points: fraud.payments_per_card_points,
        users_per_card: fraud.users_per_card,
        users_per_card_points: fraud.users_per_card_points,
        users_per_address: fraud.users_per_address,
        users_per_address_points: fraud.users_per_address_points,
        users_per_device: fraud.users_per_device,
        users_per_device_points: fraud.users_per_device_points,
        declines: fraud.declines,
        declines_points: fraud.declines_points,
        declines_refused: fraud.declines_refused,
        amount_times: fraud.amount_times,
        amount_after: fraud.amount_after,
        amount_points: fraud.amount_points,
        country_points: fraud.country_points,
    }
}

/// What is an attack, as far as it is told from the rows.
pub fn alarms(breaker: &Breaker) -> Alarms {
    Alarms {
        declines: breaker.declines_per_ten_minutes.into(),
        contradictions: breaker.contradictions_per_hour.into(),
        pauses: pauses(breaker),
    }
}

/// For how long, and how often, refunds wait because of what strangers can fake.
pub fn pauses(breaker: &Breaker) -> Pauses {
    Pauses {
        pause: Duration::from_mins(breaker.pause_minutes.into()),
        every: Duration::from_mins(breaker.pause_every_minutes.into()),
    }
}
