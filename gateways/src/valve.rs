//! What every call to a provider passes: a limit on calls, and a breaker that spares a provider
//! which is down.

use std::{
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota};
use tokio::time::Instant;

use crate::{GatewayError, NetError};

/// Failures in a row that open the breaker: ten never happen by chance, even on a network that
/// loses every third call.
const FAILURES: u32 = 10;

/// How long the breaker stays open the first time; doubled each time the provider is still down.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// Longest that it stays open: a provider that is back is noticed within a minute.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long the one call that looks whether the provider is back keeps the others out.
const PROBE: Duration = Duration::from_secs(25);

/// One for each provider.
#[derive(Debug)]
pub(crate) struct Valve {
    limiter: DefaultDirectRateLimiter,
    breaker: Mutex<Breaker>,
}

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    /// Until when nobody is let through.
    closed_until: Option<Instant>,
    /// Whether one was let through to see if the provider is back.
    probing: bool,
    pause: Duration,
}

impl Valve {
    /// Lets `per_second` calls through.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        Self {
            limiter: DefaultDirectRateLimiter::direct(Quota::per_second(per_second)),
            breaker: Mutex::default(),
        }
    }

    /// Waits for a turn until `last_start`; fails at once while the provider is taken to be down.
    pub(crate) async fn enter(&self, last_start: Instant) -> Result<(), GatewayError> {
        self.admit(Instant::now())?;
        tokio::time::timeout_at(last_start, self.limiter.until_ready())
            .await
            .map_err(|_| GatewayError::Net(NetError::Busy))
    }

    /// Notes what a try came to; `error` is its error, if it had one.
    pub(crate) fn note(&self, error: Option<&GatewayError>) {
        match error {
            None | Some(GatewayError::Shape(_)) => *self.lock() = Breaker::default(),
            Some(GatewayError::Api { status, .. }) if *status < 500 => {
                *self.lock() = Breaker::default();
            }
            Some(GatewayError::Api { .. } | GatewayError::Net(NetError::Exchange(_))) => {
                self.lock().fail(Instant::now());
            }
            // Nothing was sent, so nothing was learnt.
            Some(GatewayError::Net(NetError::Busy | NetError::Resting(_))) => {}
        }
    }

    fn admit(&self, now: Instant) -> Result<(), GatewayError> {
        let mut breaker = self.lock();
        match breaker.closed_until {
            Some(until) if now < until => {
                Err(GatewayError::Net(NetError::Resting(until.duration_since(now))))
            }
            // The first one after the pause goes ahead; the others wait for what becomes of it.
            Some(_) => {
                breaker.closed_until = Some(now + PROBE);
                breaker.probing = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        // Plain numbers: whoever panicked with them left nothing half done.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Breaker {
    fn fail(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES {
            return;
        }
        // Calls that were under way when it opened say nothing new: only a probe lengthens it.
        if self.closed_until.is_none() || self.probing {
            self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            self.closed_until = Some(now + self.pause);
            self.probing = false;
            tracing::warn!(pause_seconds = self.pause.as_secs(), "a provider is left alone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> GatewayError {
        GatewayError::Api {
            status: 503,
            code: None,
            decline_code: None,
            kind: "down".to_owned(),
            message: String::new(),
            payment: None,
        }
    }

    fn valve() -> Valve {
        Valve::new(NonZeroU32::new(1_000).unwrap())
    }

    async fn enter(valve: &Valve) -> Result<(), GatewayError> {
        valve.enter(Instant::now() + Duration::from_secs(1)).await
    }

    #[tokio::test(start_paused = true)]
    async fn ten_failures_in_a_row_keep_everybody_out_until_one_probe_succeeds() {
        let valve = valve();
        for _ in 0..FAILURES {
            enter(&valve).await.unwrap();
            valve.note(Some(&down()));
        }
        let resting = enter(&valve).await.unwrap_err();
        assert!(matches!(resting, GatewayError::Net(NetError::Resting(_))));
        assert!(!resting.outcome_unknown() && resting.is_transient());

        tokio::time::advance(FIRST_PAUSE).await;
        enter(&valve).await.unwrap();
        enter(&valve).await.unwrap_err();

        valve.note(None);
        enter(&valve).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_stays_down_is_asked_ever_more_seldom() {
        let valve = valve();
        for _ in 0..FAILURES {
            valve.note(Some(&down()));
        }
        for seconds in [4, 9, 19, 39, 59, 59] {
            tokio::time::advance(Duration::from_millis(seconds * 1_000 + 999)).await;
            enter(&valve).await.unwrap_err();
            tokio::time::advance(Duration::from_millis(1)).await;
            enter(&valve).await.unwrap();
            valve.note(Some(&down()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_a_sign_of_life() {
        let valve = valve();
        for _ in 0..FAILURES * 2 {
            valve.note(Some(&down()));
            valve.note(Some(&GatewayError::refused(404, "resource_missing", "none")));
        }
        enter(&valve).await.unwrap();
    }
}
