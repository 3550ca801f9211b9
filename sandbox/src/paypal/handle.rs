//! The PayPal half in the hands of tests.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{Funding, courier, error::Refusal, events::Event};
use crate::{Delivery, Inner, faults::WebhookFate, lock};

/// The PayPal half of a sandbox.
#[derive(Clone)]
pub struct PayPal(pub(crate) Arc<Inner>);

/// Headers that prove a body.
pub type Signed = Vec<(&'static str, String)>;

impl PayPal {
    /// The payer approves the order `id`; false if there is nothing to approve.
    pub fn approve(&self, id: &str, funding: Funding) -> bool {
        self.done(|work| work.approve(id, funding, "payer@example.com"))
    }

    /// The bank pays the pending capture of order `id`, or does not; false if there is none.
    pub fn settle_capture(&self, id: &str, paid: bool) -> bool {
        self.done(|work| work.settle_capture(id, paid))
    }

    /// Refunds `amount` of the order `id` as if in PayPal's pages, or all that is left. Returns the
    /// refund's id.
    pub fn refund(&self, id: &str, amount: Option<&str>) -> Option<String> {
        self.0.paypal_work(|work| work.refund_in_dashboard(id, amount)).ok()
    }

    /// The pending refund `id` is paid, or it fails, even after it was paid; false if there is
    /// nothing to settle.
    pub fn settle_refund(&self, id: &str, paid: bool) -> bool {
        self.done(|work| work.settle_refund(id, paid))
    }

    /// Lets the capture of the order `id` have been made so much earlier.
    pub fn age_capture(&self, id: &str, by: Duration) -> bool {
        self.done(|work| work.age_capture(id, by.as_secs().try_into().unwrap_or(i64::MAX)))
    }

    /// The payer of the order `id` complains to PayPal. Returns the dispute's id.
    pub fn dispute(&self, id: &str, reason: &str) -> Option<String> {
        self.0.paypal_work(|work| work.open_dispute(id, reason)).ok()
    }

    /// PayPal decides about the dispute `id`; false if there is nothing to decide.
    pub fn decide_dispute(&self, id: &str, won: bool) -> bool {
        self.done(|work| work.decide_dispute(id, won))
    }

    /// Every event so far, oldest first.
    pub fn events(&self) -> Vec<Value> {
        lock(&self.0.paypal).events.iter().map(Event::view).collect()
    }

    /// Every try to deliver an event so far, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.paypal_deliverer.deliveries()
    }

    /// Sends the event `id` once more, whatever the faults; false if there is none.
    pub fn redeliver(&self, id: &str) -> bool {
        self.0.redeliver_paypal(id)
    }

    /// Sends events to `url` from now on; nowhere, if it is empty.
    pub fn set_webhook_target(&self, url: String) {
        self.0.paypal_deliverer.set_target(url);
    }

    /// Signs `body` for the webhook `webhook_id`; none if keys cannot be made here.
    pub fn sign(&self, webhook_id: &str, body: &[u8]) -> Signed {
        let now = self.0.now();
        courier::headers(&self.0.config.paypal, webhook_id, body, now).unwrap_or_default()
    }

    fn done(&self, job: impl FnOnce(&mut super::PaypalWork<'_>) -> Result<(), Refusal>) -> bool {
        self.0.paypal_work(job).is_ok()
    }
}

impl Inner {
    /// Sends a PayPal event once more; false if there is none of this id.
    pub(crate) fn redeliver_paypal(self: &Arc<Self>, id: &str) -> bool {
        let state = lock(&self.paypal);
        let Some(event) = state.events.get(id) else { return false };
        self.paypal_deliverer.start(id, &event.text, WebhookFate::default());
        true
    }
}
