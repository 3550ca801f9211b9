//! The log of webhooks: what providers told us, what became of it, and the body for who may read it.

use std::sync::Arc;

use entities::{
    EventId, PaymentId,
    provider_event::{Model, Source, State},
};
use payments::desk::{
    events::{self, Filter},
    named,
};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters, Form},
    guard::{Deed, Staff},
    list::{PAGE, choices, cut, day, day_after, filled, parsed},
    pages::{DECIDES, RUNS},
    parts::{Cell, Facts, Note, Table, Verbatim, Ways},
    sheet::{After, Sheet},
    transactions::providers,
    words::ago,
};
use crate::{Portal, message::Failure, sign_in::Nothing, words};

const PATH: &str = "/desk/events";

const STATES: [(&str, &str); 5] = [
    ("received", "Received"),
    ("applied", "Applied"),
    ("ignored", "Ignored"),
    ("parked", "Parked"),
    ("dead", "Dead"),
];

const SOURCES: [(&str, &str); 3] =
    [("webhook", "Delivered"), ("poll", "Asked for"), ("replay", "Fed in again")];

const REPLAYED: &str = "It is applied again within seconds. What it did once stays done once.";

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    provider: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    after: String,
}

impl Wanted {
    fn filter(&self) -> Filter {
        Filter {
            provider: parsed(&self.provider),
            state: named::<State>(&self.state),
            source: named::<Source>(&self.source),
            kind: filled(&self.kind),
            event_id: filled(&self.id),
            from: day(&self.from),
            before: day_after(&self.to),
        }
    }

    fn query(&self) -> [(&str, &str); 7] {
        [
            ("provider", &self.provider),
            ("state", &self.state),
            ("source", &self.source),
            ("kind", &self.kind),
            ("id", &self.id),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }
}

/// `GET /desk/events`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let after: Option<EventId> = parsed(&wanted.after);
    let found = events::list(&portal.store, &wanted.filter(), after, PAGE + 1).await?;
    let (found, next) = cut(found, PAGE, |event| event.id);
    let filters = Filters::new(
        PATH,
        vec![
            Field::choice("provider", "Provider", &wanted.provider, choices("All", providers())),
            Field::choice("state", "State", &wanted.state, choices("All", STATES)),
            Field::choice("source", "How it came", &wanted.source, choices("All", SOURCES)),
            Field::search("kind", "Kind", &wanted.kind),
            Field::search("id", "Provider's id", &wanted.id),
            Field::day("from", "From", &wanted.from),
            Field::day("to", "To", &wanted.to),
        ],
    );
    let now = portal.store.clock.now();
    let rows = found.iter().map(|event| row(event, ago(event.received_at, now)));
    let columns = ["Received", "Kind", "Provider", "State", "Provider's id", "Trouble"];
    Sheet::new(portal, &staff)
        .lead("Every event that a provider delivered, or that we asked for.")
        .with(&filters)
        .with(&Table::new(&columns, "No event is like that.").rows(rows))
        .with_some(Ways::pages(PATH, &wanted.query(), &wanted.after, next).as_ref())
        .answer()
}

fn row(event: &Model, age: String) -> Vec<Cell> {
    let (tone, name) = state_words(event.state);
    vec![
        Cell::number(age),
        Cell::text(&event.kind).to(format!("{PATH}/{}", event.id)),
        Cell::text(event.provider.as_str()).soft(match event.source {
            Source::Webhook => "",
            Source::Poll => "asked for",
            Source::Replay => "fed in again",
        }),
        Cell::tag(tone, name),
        Cell::code(&event.event_id),
        Cell::text(event.error.as_deref().unwrap_or_default()),
    ]
}

/// What became of an event, as a tag.
pub(super) const fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Received => ("wait", "received"),
        State::Applied => ("good", "applied"),
        State::Ignored => ("", "ignored"),
        State::Parked => ("wait", "parked"),
        State::Dead => ("bad", "dead"),
    }
}

/// `GET /desk/events/{id}`: without what says something of a person.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Response, Failure> {
    let id: EventId = parsed(&id).ok_or(Failure::NotFound)?;
    let found = events::redacted(&portal.store, id).await?;
    let (event, body) = found.ok_or(Failure::NotFound)?;
    let form = staff.has(RUNS).then(|| {
        Form::post(&staff, format!("{PATH}/{id}/open"), "Show the whole body")
            .about("It may name a person. That you looked is written to the audit log.")
            .tone("quiet")
    });
    let replay = staff.has(DECIDES).then(|| {
        Form::get(&staff, format!("{PATH}/{id}/replay"), "Replay…")
            .about("Shows first what would change if it came now.")
            .tone("quiet")
    });
    let payment = events::payment_of(&portal.store, id).await?;
    Sheet::new(portal, &staff)
        .titled(&event.kind)
        .said(&after.done, &[("replayed", REPLAYED)])
        .with(&Facts::new("", facts(&event, payment)))
        .with_some(replay.as_ref())
        .with(&Verbatim::new("Body, without what says something of a person", body))
        .with_some(form.as_ref())
        .answer()
}

/// `POST /desk/events/{id}/open`: the whole body, for admins; written down.
#[handler]
pub(super) async fn open(
    Deed(staff, Nothing {}): Deed<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: EventId = parsed(&id).ok_or(Failure::NotFound)?;
    let found = events::open(&portal.store, id, &staff.actor()).await?;
    let (event, body) = found.ok_or(Failure::NotFound)?;
    let payment = events::payment_of(&portal.store, id).await?;
    Sheet::new(portal, &staff)
        .titled(&event.kind)
        .with(&Note::wait("This is the whole body. That you looked is in the audit log."))
        .with(&Facts::new("", facts(&event, payment)))
        .with(&Verbatim::new("Body", body))
        .answer()
}

fn facts(event: &Model, payment: Option<PaymentId>) -> Vec<(&'static str, Cell)> {
    let (tone, name) = state_words(event.state);
    let mut facts = vec![
        ("State", Cell::tag(tone, name)),
        ("Provider", Cell::text(event.provider.as_str())),
        ("Provider's id", Cell::code(&event.event_id)),
        ("Our id", Cell::code(event.id.to_string())),
        ("How it came", Cell::text(event.source.as_str())),
        ("Happened", Cell::number(words::moment(event.occurred_at))),
        ("Received", Cell::number(words::moment(event.received_at))),
        ("Settled", Cell::number(event.settled_at.map_or_else(|| "–".to_owned(), words::moment))),
        ("SHA-256", Cell::code(&event.sha256)),
    ];
    if let Some(id) = payment {
        facts.push(("Payment", Cell::text("Its story").to(format!("/desk/payments/{id}"))));
    }
    if let Some(error) = &event.error {
        facts.push(("Trouble", Cell::text(error)));
    }
    facts
}
