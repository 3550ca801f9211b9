//! What has happened lately.

use askama::Template;
use poem::{Response, http::StatusCode};

use super::{html, written_time};
use crate::{
    Delivery, Faults, Inner, lock,
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
        deliveries.truncate(ROWS);
        let state = lock(&self.state);
        let page = Dashboard {
            target: self.deliverer.target(),
            pending: self.deliverer.pending(),
            intents: state.intents.before(None).take(ROWS).map(IntentRow::new).collect(),
            events: state.events.before(None).take(ROWS).map(EventRow::new).collect(),
            deliveries,
            faults,
        };
        drop(state);
        html(StatusCode::OK, &page)
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
