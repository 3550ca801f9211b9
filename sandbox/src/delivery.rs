//! Webhooks: signed, sent, and sent again until somebody takes them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::Duration,
};

use reqwest::{Client, header, redirect};
use serde::Serialize;
use tokio::sync::{Semaphore, watch};

use crate::{SandboxError, faults::WebhookFate, ids};

/// Webhooks sent at once.
const CONCURRENCY: usize = 16;

/// Longest wait for an answer, as at Stripe.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often a webhook is tried before it is given up.
const MAX_ATTEMPTS: u32 = 15;

/// Longest pause between two tries. Stripe's grows to hours; nobody waits for that in a sandbox.
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// Most tries remembered.
const MAX_DELIVERIES: usize = 100_000;

/// A try to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The event's id.
    pub event: String,
    /// Which try it was, from one.
    pub attempt: u32,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What went wrong instead.
    pub error: Option<String>,
    /// Whether it was a forgery, which an honest receiver refuses.
    pub forged: bool,
    /// When it ended, in seconds since 1970.
    pub at: i64,
}

impl Delivery {
    /// Whether the merchant has taken the event.
    pub fn is_accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// What is a provider's own about its webhooks.
pub(crate) trait Courier: Send + Sync {
    /// The headers that prove where `body` comes from, at `now` in seconds since 1970; wrong ones
    /// for a forgery.
    fn headers(&self, body: &str, forged: bool, now: i64) -> Vec<(&'static str, String)>;

    /// Who says to be sending.
    fn agent(&self) -> &'static str;

    /// Notes that an event arrived.
    fn taken(&self, event: &str);
}

/// Sends events to the webhook endpoint.
pub(crate) struct Deliverer {
    client: Client,
    courier: Box<dyn Courier>,
    clock: boot::Clock,
    target: RwLock<String>,
    slots: Semaphore,
    done: Mutex<VecDeque<Delivery>>,
    pending: watch::Sender<usize>,
}

/// An event on its way.
#[derive(Clone)]
struct Parcel {
    event: String,
    body: Arc<str>,
    forged: bool,
}

impl Deliverer {
    /// A deliverer that sends to `target` what `courier` has signed.
    pub(crate) fn new(
        target: String,
        courier: Box<dyn Courier>,
        clock: boot::Clock,
    ) -> Result<Arc<Self>, SandboxError> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(courier.agent())
            .build()
            .map_err(SandboxError::Client)?;
        Ok(Arc::new(Self {
            client,
            courier,
            clock,
            target: RwLock::new(target),
            slots: Semaphore::new(CONCURRENCY),
            done: Mutex::default(),
            pending: watch::Sender::new(0),
        }))
    }

    /// Sends events to `url` from now on; none at all if it is empty.
    pub(crate) fn set_target(&self, url: String) {
        *self.target.write().unwrap_or_else(PoisonError::into_inner) = url;
    }

    /// Where events are sent.
    pub(crate) fn target(&self) -> String {
        self.target.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every try so far, oldest first.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// How many events are on their way.
    pub(crate) fn pending(&self) -> usize {
        *self.pending.borrow()
    }

    /// Returns when no event is on its way.
    pub(crate) async fn settle(&self) {
        // The sender lives as long as `self`, so there is no error to handle.
        drop(self.pending.subscribe().wait_for(|pending| *pending == 0).await);
    }

    /// Starts to deliver an event, to the extent that fate allows.
    pub(crate) fn start(self: &Arc<Self>, event: &str, body: &str, fate: WebhookFate) {
        if fate.dropped || self.target().is_empty() {
            return;
        }
        let parcel = Parcel { event: event.to_owned(), body: body.into(), forged: false };
        let copies = 1 + usize::from(fate.doubled);
        for _ in 0..copies {
            self.spawn(parcel.clone(), fate.delay_ms);
        }
        if fate.forged {
            // Under an id of its own, so that it cannot pass for a harmless duplicate.
            let body = body.replace(event, &ids::random("evt_forged", 16)).into();
            self.spawn(Parcel { body, forged: true, ..parcel }, fate.delay_ms);
        }
    }

    /// Makes [`Deliverer::settle`] wait for as long as the ticket exists.
    pub(crate) fn ticket(self: &Arc<Self>) -> Ticket {
        self.pending.send_modify(|pending| *pending += 1);
        Ticket(Arc::downgrade(self))
    }

    fn spawn(self: &Arc<Self>, parcel: Parcel, delay_ms: u64) {
        let ticket = self.ticket();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            for attempt in 1..=MAX_ATTEMPTS {
                // The sandbox may be gone; then nobody is left to deliver for.
                let Some(deliverer) = ticket.0.upgrade() else { return };
                if deliverer.attempt(&parcel, attempt).await || parcel.forged {
                    return;
                }
                drop(deliverer);
                tokio::time::sleep(pause(attempt)).await;
            }
            tracing::warn!(event.id = parcel.event, "nobody took the webhook");
        });
    }

    /// Tries once, and says whether the event was taken.
    async fn attempt(&self, parcel: &Parcel, attempt: u32) -> bool {
        let Ok(_slot) = self.slots.acquire().await else { return false };
        let answer = self.send(parcel).await;
        let taken = answer.as_ref().is_ok_and(|status| (200..300).contains(status));
        let (status, error) = match answer {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(reason(&error))),
        };
        let at = self.clock.now().seconds();
        let event = parcel.event.clone();
        self.note(Delivery { event, attempt, status, error, forged: parcel.forged, at });
        if taken && !parcel.forged {
            self.courier.taken(&parcel.event);
        }
        taken
    }

    async fn send(&self, parcel: &Parcel) -> Result<u16, reqwest::Error> {
        let time = self.clock.now().seconds();
        let proof = self.courier.headers(&parcel.body, parcel.forged, time);
        let mut request = self
            .client
            .post(self.target())
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::ACCEPT, "*/*; q=0.5, application/xml")
            .header(header::CACHE_CONTROL, "no-cache")
            .body(parcel.body.to_string());
        for (name, value) in proof {
            request = request.header(name, value);
        }
        Ok(request.send().await?.status().as_u16())
    }

    fn note(&self, delivery: Delivery) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.len() >= MAX_DELIVERIES {
            done.pop_front();
        }
        done.push_back(delivery);
    }
}

/// Counts something as on its way for as long as it exists.
pub(crate) struct Ticket(Weak<Deliverer>);

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(deliverer) = self.0.upgrade() {
            deliverer.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
        }
    }
}

/// One second, doubled by each try.
fn pause(attempt: u32) -> Duration {
    Duration::from_secs(1 << attempt.saturating_sub(1).min(6)).min(MAX_PAUSE)
}

/// An error and its causes, without the address.
fn reason(error: &reqwest::Error) -> String {
    use std::error::Error;
    let mut reason = if error.is_timeout() { "timeout" } else { "no answer" }.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason = format!("{reason}: {error}");
        cause = error.source();
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute() {
        let pauses: Vec<u64> = (1..=8).map(|attempt| pause(attempt).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
