//! Disputes: what the bank asks, until when, and where to answer (`AC9.6.2`).

use std::sync::Arc;

use entities::{
    DisputeId, Timestamp,
    dispute::{Model, State},
};
use payments::disputes;
use poem::{
    Response, handler,
    web::{Data, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters},
    guard::Staff,
    list::{PAGE, choices, parsed},
    parts::{Cell, Table, Ways},
    sheet::Sheet,
    transactions,
    words::ago,
};
use crate::{Portal, message::Failure, words};

const PATH: &str = "/desk/disputes";

/// What can be asked for: its name in the address, in words, and the states it means.
const QUEUES: [(&str, &str, &[State]); 4] = [
    ("open", "Open", &[State::Warning, State::NeedsResponse, State::UnderReview]),
    ("answer", "To be answered", &[State::Warning, State::NeedsResponse]),
    ("won", "Won or harmless", &[State::Won, State::Harmless]),
    ("lost", "Lost", &[State::Lost]),
];

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    after: String,
}

/// `GET /desk/disputes`: the open ones, unless others are asked for.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let state = wanted.state.as_deref().unwrap_or("open");
    let states = QUEUES.iter().find(|(value, ..)| *value == state).map(|(.., states)| *states);
    let after: Option<DisputeId> = parsed(&wanted.after);
    let found = disputes::page(&portal.store, states.unwrap_or_default(), after, PAGE).await?;
    let queues = QUEUES.map(|(value, name, _)| (value, name));
    let field = Field::choice("state", "Which", state, choices("All", queues)).usually("open");
    let now = portal.store.clock.now();
    let rows = found.disputes.iter().map(|dispute| row(portal, dispute, now));
    let columns =
        ["Opened", "Payment", "Reason", "State", "Answer by", ">Set aside", ">Amount", "Provider"];
    let next = found.next.map(|id| id.to_string());
    Sheet::new(portal, &staff)
        .lead("The payer went to the bank. Their credits are set aside until it decides.")
        .with(&Filters::new(PATH, vec![field]))
        .with(&Table::new(&columns, "No dispute is like that.").rows(rows))
        .with_some(Ways::pages(PATH, &[("state", state)], &wanted.after, next).as_ref())
        .answer()
}

fn row(portal: &Portal, row: &Model, now: Timestamp) -> Vec<Cell> {
    let (tone, name) = state_words(row.state);
    let due =
        row.evidence_due.filter(|_| matches!(row.state, State::Warning | State::NeedsResponse));
    let due = due
        .map_or_else(|| Cell::text("–"), |due| Cell::number(words::day(due)).soft(ago(due, now)));
    let reference =
        Cell::text(if row.provider == entities::Provider::Stripe { "Stripe" } else { "PayPal" });
    vec![
        Cell::number(words::day(row.opened_at)),
        Cell::text("Its story")
            .to(transactions::href(row.payment_id))
            .hear(format!("of {}", words::money(&row.money()))),
        Cell::text(row.reason.replace('_', " ")),
        Cell::tag(tone, name),
        due,
        Cell::number(words::credits(row.held)),
        Cell::number(words::money(&row.money())),
        match portal.cashier.dashboard_url(row.provider, &row.provider_reference) {
            Some(url) => reference.to(url).hear("dashboard"),
            None => reference,
        },
    ]
}

const fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Warning => ("wait", "The bank asks"),
        State::NeedsResponse => ("bad", "Needs an answer"),
        State::UnderReview => ("wait", "The bank decides"),
        State::Harmless => ("good", "Harmless"),
        State::Won => ("good", "Won"),
        State::Lost => ("bad", "Lost"),
    }
}
