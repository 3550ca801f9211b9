//! The PayPal half in the hands of tests.

use std::sync::Arc;

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
