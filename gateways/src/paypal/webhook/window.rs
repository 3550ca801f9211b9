//! How old a webhook may be.

use std::time::Duration;

use entities::Timestamp;

use super::Transmission;
use crate::WebhookError;

/// PayPal tries for three days to deliver an event, and does not say whether it stamps each try
/// anew: a narrower window could refuse every retry after an outage. A replay within it does no
/// harm, since an event is stored once and only ever makes us look.
const PAST: Duration = Duration::from_hours(4 * 24);

/// How far ahead PayPal's clock may be of ours.
const FUTURE: Duration = Duration::from_mins(5);

/// Whether `transmission` was sent around `now`.
pub(in super::super) fn check(
    transmission: &Transmission<'_>,
    now: Timestamp,
) -> Result<(), WebhookError> {
    let sent_at = transmission.sent_at;
    if now.since(sent_at) > PAST || sent_at.since(now) > FUTURE {
        return Err(WebhookError::Stale);
    }
    Ok(())
}
