//! When a call is tried again, and what is said when it is not.

use std::time::Duration;

use http::{HeaderMap, header};

use crate::{GatewayError, NetError};

/// The longest call to any provider ends within this, all tries included; a lease or a deadline has
/// to be longer.
pub const LONGEST_CALL: Duration = Duration::from_secs(45);

/// How long and how often one call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A handshake takes two round trips; past this the network is broken.
    pub(crate) connect: Duration,
    /// A try from first to last byte: banks take up to twenty seconds over a confirmation.
    pub(crate) exchange: Duration,
    /// No try starts later than this, so that a call ends within this and one exchange.
    pub(crate) starts_within: Duration,
    /// One lost packet, one busy server, and enough: the job behind the call has its own back-off.
    pub(crate) tries: u32,
    /// The first pause; doubled each time.
    pub(crate) pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            exchange: Duration::from_secs(25),
            starts_within: Duration::from_secs(20),
            tries: 3,
            pause: Duration::from_millis(500),
        }
    }
}

/// A try that failed, and what the provider said about trying again.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: GatewayError,
    advice: Option<bool>,
    retry_after: Option<Duration>,
}

impl Failed {
    pub(crate) fn new(error: GatewayError) -> Self {
        Self { error, advice: None, retry_after: None }
    }

    pub(crate) fn answered(
        error: GatewayError,
        headers: &HeaderMap,
        advice: Option<&'static str>,
    ) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            error,
            advice: advice.and_then(text).and_then(|advice| advice.parse().ok()),
            retry_after: text(header::RETRY_AFTER.as_str())
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
        }
    }
}

impl Limits {
    /// How long to wait before the next try, if there should be one after `tries`.
    pub(crate) fn pause(&self, tries: u32, failed: &Failed) -> Option<Duration> {
        if matches!(failed.error, GatewayError::Net(NetError::Resting(_))) {
            return None;
        }
        let worthwhile = failed.advice.unwrap_or_else(|| failed.error.is_transient());
        if tries >= self.tries || !worthwhile {
            return None;
        }
        let pause = self.pause.saturating_mul(2_u32.saturating_pow(tries - 1));
        // Callers that failed together must not return together.
        let jittered = pause.mul_f64(rand::random_range(0.5..1.0));
        Some(jittered.max(failed.retry_after.unwrap_or_default()))
    }
}

/// Of two failed tries the one that leaves more in doubt.
pub(crate) fn worse(earlier: Option<GatewayError>, later: GatewayError) -> GatewayError {
    match earlier {
        Some(earlier) if doubt(&earlier) > doubt(&later) => earlier,
        _ => later,
    }
}

/// What the call as a whole came to, given the last error and the worst before it.
///
/// A refusal for good settles what was in doubt, since the same key would have given an earlier
/// success again; an excuse for now does not.
pub(crate) fn settle(earlier: Option<GatewayError>, last: GatewayError) -> GatewayError {
    if last.is_transient() { worse(earlier, last) } else { last }
}

fn doubt(error: &GatewayError) -> u8 {
    match error {
        GatewayError::Shape(_) => 3,
        GatewayError::Net(NetError::Exchange(_)) => 2,
        GatewayError::Api { .. } if error.outcome_unknown() => 1,
        GatewayError::Api { .. } | GatewayError::Net(NetError::Busy | NetError::Resting(_)) => 0,
    }
}
