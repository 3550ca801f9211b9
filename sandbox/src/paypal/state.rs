//! What the PayPal half knows, and one call's hold on it.

use rand::{Rng, distr::Alphanumeric};
use serde_json::Value;

use super::{Order, PaypalConfig, dispute::Dispute, events::Event};
use crate::stripe::Table;

/// Most objects of a kind kept.
const MAX_OBJECTS: usize = 100_000;

/// Everything that the PayPal half knows.
#[derive(Debug)]
pub(crate) struct PaypalState {
    pub(crate) orders: Table<Order>,
    /// The orders of captures.
    pub(crate) captures: Table<String>,
    /// The orders of refunds.
    pub(crate) refunds: Table<String>,
    pub(crate) disputes: Table<Dispute>,
    /// The orders of invoices that were paid.
    pub(crate) paid: Table<String>,
    pub(crate) events: Table<Event>,
    /// When tokens end, in seconds since 1970.
    pub(crate) tokens: Table<i64>,
}

impl PaypalState {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            orders: Table::new(MAX_OBJECTS),
            captures: Table::new(MAX_OBJECTS),
            refunds: Table::new(MAX_OBJECTS),
            disputes: Table::new(MAX_OBJECTS),
            paid: Table::new(MAX_OBJECTS),
            events: Table::new(MAX_OBJECTS),
            tokens: Table::new(MAX_OBJECTS),
        }
    }
}

/// One call at work on the state.
#[derive(Debug)]
pub(crate) struct PaypalWork<'a> {
    /// What it works on.
    pub(crate) state: &'a mut PaypalState,
    /// When, in seconds since 1970.
    pub(crate) now: i64,
    /// Who we are.
    pub(crate) config: &'a PaypalConfig,
    /// Where browsers reach the sandbox, without a slash at the end.
    pub(crate) pages: &'a str,
    /// The ids of the events made.
    pub(crate) made: Vec<String>,
}

impl PaypalWork<'_> {
    /// Where the payer approves the order `id`.
    pub(crate) fn approval_url(&self, id: &str) -> String {
        format!("{}/sandbox/paypal/checkoutnow?token={id}", self.pages)
    }

    /// The whole order.
    pub(crate) fn order_view(&self, order: &Order) -> Value {
        order.view(&self.config.api_base, &self.approval_url(&order.id))
    }
}

/// An id as PayPal makes them: 17 capital letters and digits.
pub(super) fn new_id() -> String {
    let random = rand::rng().sample_iter(&Alphanumeric).take(17);
    random.map(|byte| char::from(byte).to_ascii_uppercase()).collect()
}
