//! What strangers do in numbers: counted in memory, told to the breaker once it is an attack
//! (`AC9.3.7`).
//!
//! Counting must cost nothing and must not wait for anything: what is counted is an attack because
//! there is so much of it. The database hears of it when the limit is reached, and then at most once
//! in a while with what was counted since.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use entities::Timestamp;
use jobs::Dispatcher;
use payments::{
    Store,
    breaker::{self, Signal},
    core::Pauses,
};

/// The span in which signals are counted.
const SPAN: Duration = Duration::from_mins(1);

/// How often the database hears of an attack that goes on.
const EVERY: Duration = Duration::from_secs(10);

/// From how many on within a minute something is an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttackLimits {
    /// Webhooks with a wrong signature.
    pub forged_signatures: u32,
    /// Tokens that prove nothing.
    pub sign_in_failures: u32,
    /// For how long, and how often, refunds wait because of that.
    pub pauses: Pauses,
}

/// Counts what strangers do.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    dispatcher: Dispatcher,
    pauses: Pauses,
    forged: Counter,
    sign_ins: Counter,
}

/// How often something was seen within the span, and what of it the database does not know.
#[derive(Debug)]
struct Counter {
    signal: Signal,
    what: &'static str,
    limit: u64,
    /// When the span began, in microseconds.
    began: AtomicI64,
    seen: AtomicU64,
    untold: AtomicU64,
    /// When the database last heard of it, in microseconds.
    told: AtomicI64,
    telling: AtomicBool,
}

impl Watch {
    /// Counts towards `limits`.
    pub fn new(store: &Store, dispatcher: &Dispatcher, limits: &AttackLimits) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            dispatcher: dispatcher.clone(),
            pauses: limits.pauses,
            forged: Counter::new(
                Signal::ForgedSignatures,
                "webhooks with a wrong signature",
                limits.forged_signatures,
            ),
            sign_ins: Counter::new(
                Signal::SignInFailures,
                "tokens that prove nothing",
                limits.sign_in_failures,
            ),
        }))
    }

    /// A webhook was not provably from its provider.
    pub fn forged_signature(&self) {
        self.count(|inner| &inner.forged);
    }

    /// Somebody sent a token that proves nothing.
    pub fn sign_in_failure(&self) {
        self.count(|inner| &inner.sign_ins);
    }

    fn count(&self, counter: fn(&Inner) -> &Counter) {
        let now = self.0.store.clock.now();
        if !counter(&self.0).add(now) {
            return;
        }
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move { inner.tell(counter(&inner), now).await });
    }
}

impl Inner {
    /// Tells the breaker what it does not know. What cannot be told is told with the next.
    async fn tell(&self, counter: &Counter, now: Timestamp) {
        let seen = counter.untold.swap(0, Ordering::Relaxed);
        let detail = format!("{} {} within a minute, or more", counter.limit, counter.what);
        let signal = counter.signal;
        match breaker::report(&self.store, signal, seen, &detail, &self.pauses).await {
            Ok(enqueued) => self.dispatcher.announce(enqueued.into_iter().collect()),
            Err(error) => {
                counter.untold.fetch_add(seen, Ordering::Relaxed);
                tracing::error!(signal = signal.as_str(), %error, "an attack could not be noted");
            }
        }
        counter.told.store(now.micros(), Ordering::Relaxed);
        counter.telling.store(false, Ordering::Release);
    }
}

impl Counter {
    fn new(signal: Signal, what: &'static str, limit: u32) -> Self {
        Self {
            signal,
            what,
            limit: u64::from(limit.max(1)),
            began: AtomicI64::new(i64::MIN),
            seen: AtomicU64::new(0),
            untold: AtomicU64::new(0),
            told: AtomicI64::new(i64::MIN),
            telling: AtomicBool::new(false),
        }
    }

    /// Counts one at `now`, and says whether the database should hear of it, from one caller alone.
    fn add(&self, now: Timestamp) -> bool {
        let began = self.began.load(Ordering::Relaxed);
        if now.micros().saturating_sub(began) > micros(SPAN) {
            // Whoever loses this race counts into the span that has just begun.
            let won = self.began.compare_exchange(
                began,
                now.micros(),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if won.is_ok() {
                self.seen.store(0, Ordering::Relaxed);
            }
        }
        self.untold.fetch_add(1, Ordering::Relaxed);
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        let told = self.told.load(Ordering::Relaxed);
        if seen < self.limit || now.micros().saturating_sub(told) < micros(EVERY) {
            return false;
        }
        !self.telling.swap(true, Ordering::Acquire)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_790_000_000 + seconds)
    }

    #[test]
    fn what_is_rare_is_no_attack_however_long_it_goes_on() {
        let counter = Counter::new(Signal::ForgedSignatures, "", 10);
        // Nine a minute for an hour.
        assert!((0..540).all(|n| !counter.add(at(n * 7))));
    }

    #[test]
    fn an_attack_is_told_by_one_and_again_after_a_while() {
        let counter = Counter::new(Signal::ForgedSignatures, "", 10);
        let told = (0..1_000).filter(|_| counter.add(at(0))).count();
        assert_eq!(told, 1);
        counter.told.store(at(0).micros(), Ordering::Relaxed);
        counter.telling.store(false, Ordering::Release);
        assert!(!counter.add(at(9)), "it was told a moment ago");
        assert!(counter.add(at(11)));
        assert_eq!(counter.untold.load(Ordering::Relaxed), 1_002);
    }
}
