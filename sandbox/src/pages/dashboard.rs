//! What has happened lately.

use askama::Template;
use poem::{Response, http::StatusCode};

use super::{html, written_time};
use crate::{
    Delivery, Faults, Inner, lock,
    paypal::{Captured, Order},
    stripe::{Event, Intent, Status, written},
};

/// Rows in each table.
const ROWS: usize = 10;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    target: String,
    pending: usize,
    intents: Vec<IntentRow>,
    orders: Vec<OrderRow>,
    events: Vec<EventRow>,
    deliveries: Vec<Delivery>,
    faults: Faults,
}

struct IntentRow {
    id: String,
    amount: String,
    status: &'static str,
    tone: &'static str,
    made: String,
    open: bool,
    link: String,
}

struct OrderRow {
    id: String,
    amount: String,
    status: &'static str,
    tone: &'static str,
    made: String,
    open: bool,
    pending: bool,
}

struct EventRow {
    id: String,
    kind: &'static str,
    made: String,
    delivered: bool,
}

impl Inner {
    /// `GET /sandbox`
    pub(super) fn show_dashboard(&self) -> Response {
        let faults = lock(&self.dice).faults().clone();
        let mut deliveries = self.deliverer.deliveries();
        deliveries.reverse();
        let mut paypal = self.paypal_deliverer.deliveries();
        paypal.reverse();
        paypal.truncate(ROWS);
        deliveries.splice(0..0, paypal);
        deliveries.truncate(ROWS);
        let (orders, paypal_events) = self.paypal_rows();
        let state = lock(&self.state);
        let mut events: Vec<EventRow> =
            state.events.before(None).take(ROWS).map(EventRow::new).collect();
        events.extend(paypal_events);
        let page = Dashboard {
            target: self.deliverer.target(),
            pending: self.deliverer.pending() + self.paypal_deliverer.pending(),
            intents: state.intents.before(None).take(ROWS).map(IntentRow::new).collect(),
            orders,
            events,
            deliveries,
            faults,
        };
        drop(state);
        html(StatusCode::OK, &page)
    }
}

impl Inner {
    fn paypal_rows(&self) -> (Vec<OrderRow>, Vec<EventRow>) {
        let state = lock(&self.paypal);
        let orders = state.orders.before(None).take(ROWS).map(OrderRow::new).collect();
        let events = state.events.before(None).take(ROWS).map(|event| EventRow {
            id: event.id.clone(),
            kind: event.kind,
            made: written_time(event.created),
            delivered: event.delivered,
        });
        (orders, events.collect())
    }
}

impl OrderRow {
    fn new(order: &Order) -> Self {
        let capture = order.capture.as_ref().map(|capture| capture.status);
        let (status, tone) = match capture {
            Some(Captured::Completed) => ("COMPLETED", "good"),
            Some(Captured::Pending) => ("PENDING", ""),
            Some(Captured::Declined) => ("DENIED", "bad"),
            None => (order.status.name(), ""),
        };
        Self {
            id: order.id.clone(),
            amount: format!("{} {}", order.amount, order.currency),
            status,
            tone,
            made: written_time(order.created),
            open: order.status.is_open(),
            pending: capture == Some(Captured::Pending),
        }
    }
}

impl IntentRow {
    fn new(intent: &Intent) -> Self {
        Self {
            id: intent.id.clone(),
            amount: written(intent.amount, &intent.currency),
            status: intent.status.name(),
            tone: tone(intent.status),
            made: written_time(intent.created),
            open: intent.status.is_open(),
            link: format!("/sandbox/pay/{}?client_secret={}", intent.id, intent.client_secret),
        }
    }
}

impl EventRow {
    fn new(event: &Event) -> Self {
        Self {
            id: event.id.clone(),
            kind: event.kind,
            made: written_time(event.created),
            delivered: event.pending == 0,
        }
    }
}

/// How a status is coloured.
pub(super) fn tone(status: Status) -> &'static str {
    match status {
        Status::Succeeded => "good",
        Status::Canceled => "bad",
        Status::RequiresAction | Status::Processing => "wait",
        Status::RequiresPaymentMethod | Status::RequiresConfirmation => "",
    }
}
