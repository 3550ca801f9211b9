//! Reconciliation: looks at the providers' side, and asking for one more.

mod run;

pub(super) use run::show;

use std::sync::Arc;

use entities::{
    PaymentId, Provider, ReconciliationId,
    reconciliation::{Model, Scope, State},
};
use ingress::{ReconcilerError, Subject};
use payments::reconciliations::{self, Found};
use poem::{
    Response, handler,
    web::{Data, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters, Form},
    guard::{Deed, Staff, told},
    list::{PAGE, choices, day, day_after, filled, parsed},
    pages::DECIDES,
    parts::{Cell, Table, Ways},
    sheet::Sheet,
    transactions::providers,
    words::{ago, count, span},
};
use crate::{Portal, message::Failure, sign_in::go, words};

const PATH: &str = "/desk/reconciliation";

const LEAD: &str = "Every 15 minutes, and nightly, the providers are asked for what never reached \
                    us. What is missing is fetched, applied, and listed here.";

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    gaps: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    done: String,
}

/// `GET /desk/reconciliation`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let (store, now) = (&portal.store, portal.store.clock.now());
    let after: Option<ReconciliationId> = parsed(&wanted.after);
    let page = reconciliations::page(store, wanted.gaps == "some", after, PAGE).await?;
    let filters = Filters::new(
        PATH,
        vec![Field::choice(
            "gaps",
            "Which",
            &wanted.gaps,
            choices("All", [("some", "Only those that found something")]),
        )],
    );
    let columns = ["Asked for", "What", "Provider", "State", "Looked at", ">Gaps", "By"];
    let rows = page.items.iter().map(|found| row(found, ago(found.run.created_at, now)));
    let table = Table::new(&columns, "Nothing was looked at yet.").rows(rows);
    let next = page.next.map(|id| id.to_string());
    let mut sheet = Sheet::new(portal, &staff)
        .lead(LEAD)
        .said(&wanted.done, &[("asked", "Each provider is looked at now.")])
        .with(&filters)
        .with(&table)
        .with_some(Ways::pages(PATH, &[("gaps", &wanted.gaps)], &wanted.after, next).as_ref());
    if staff.has(DECIDES) {
        let (days, payment, event) = (range_form(&staff), payment_form(&staff), event_form(&staff));
        sheet = sheet.beside(&[&days], &[&payment, &event]);
    }
    sheet.answer()
}

fn row(found: &Found, age: String) -> Vec<Cell> {
    let run = &found.run;
    let (tone, name) = state_words(run.state);
    let looked_at = format!(
        "{}, {}",
        count(run.events, "event", "events"),
        count(run.payments, "payment", "payments")
    );
    vec![
        Cell::number(age),
        subject(run).to(format!("{PATH}/{}", run.id)),
        Cell::text(run.provider.as_str()),
        Cell::tag(tone, name),
        Cell::text(looked_at),
        Cell::number(found.gaps.to_string()),
        Cell::text(&run.asked_by),
    ]
}

/// At what a run looks.
fn subject(run: &Model) -> Cell {
    let words = match (run.scope, run.since, run.until) {
        (Scope::Window, Some(since), Some(until)) => {
            return Cell::text(format!("{} before", span(until.since(since))))
                .soft(words::moment(until));
        }
        (Scope::Window, ..) => return Cell::text("A span of time"),
        (Scope::Payment, ..) => ("A payment", run.payment_id.map(|id| id.to_string())),
        (Scope::Event, ..) => ("An event", run.event_ref.clone()),
    };
    Cell::text(words.0).soft(words.1.unwrap_or_default())
}

/// How far a run has come, as a tag.
const fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Waiting => ("wait", "Waiting"),
        State::Running => ("accent", "At work"),
        State::Done => ("good", "Done"),
        State::Failed => ("bad", "Broke off"),
    }
}

fn range_form(staff: &Staff) -> Form {
    Form::post(staff, PATH, "Look at these days")
        .titled("Look for what is missing")
        .about(
            "Asks for all events of these days, and for every payment, refund and dispute of ours \
             whose end we do not know. A day takes seconds, a month minutes; you see how far it \
             has come. Providers keep events for about 30 days.",
        )
        .field(Field::day("from", "From", "").required())
        .field(Field::day("to", "To", "").hint("Up to now, if you leave it out."))
        .field(Field::choice("provider", "At", "", choices("Every provider", providers())))
}

fn payment_form(staff: &Staff) -> Form {
    Form::post(staff, PATH, "Sync this payment")
        .titled("One payment")
        .about("Brings it, its refunds and disputes to what the provider says.")
        .field(
            Field::line("payment", "Payment", "")
                .required()
                .hint("Our id of it: txn_… on its page."),
        )
}

fn event_form(staff: &Staff) -> Form {
    Form::post(staff, PATH, "Fetch this event")
        .titled("One event")
        .about("Fetches it from the provider, if it never reached us, and applies it.")
        .field(
            Field::line("event", "Event", "")
                .required()
                .hint("The provider's id, evt_… or WH-…, or ours, wev_…"),
        )
        .field(Field::choice(
            "whose",
            "Whose it is",
            Provider::Stripe.as_str(),
            providers().map(|(value, name)| (value.to_owned(), name.to_owned())),
        ))
}

/// What is to be looked at: which of the forms it is follows from what is filled in.
#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    payment: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    whose: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    provider: String,
}

impl Wish {
    fn subject(&self, portal: &Portal) -> Result<Subject, Failure> {
        if let Some(id) = filled(&self.payment) {
            let id: Option<PaymentId> = parsed(&id);
            let wrong = "That is no payment's id. Ours begin with txn_ and stand on its page.";
            return Ok(Subject::Payment(id.ok_or_else(|| refused(wrong))?));
        }
        if let Some(id) = filled(&self.event) {
            return Ok(Subject::Event(id, parsed(&self.whose)));
        }
        let from = day(&self.from).ok_or_else(|| refused("Say from which day on."))?;
        let now = portal.store.clock.now();
        let to = match filled(&self.to) {
            Some(to) => day_after(&to).ok_or_else(|| refused("Say up to which day."))?.min(now),
            None => now,
        };
        Ok(Subject::Span(from..to, parsed(&self.provider)))
    }
}

/// `POST /desk/reconciliation`.
#[handler]
pub(super) async fn ask(
    Deed(staff, wish): Deed<Wish>,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    let asked = portal.reconciler.ask(wish.subject(portal)?, &staff.actor()).await;
    let runs = asked.map_err(|error| match error {
        ReconcilerError::Payments(error) => told(error, PATH),
        ReconcilerError::NotFound => refused("We know of no such payment or event."),
        ReconcilerError::WhoseEvent => refused("Say whose event it is."),
        ReconcilerError::NotSetUp(_) => refused("That provider is not set up."),
    })?;
    match runs.as_slice() {
        [run] => Ok(go(&format!("{PATH}/{}", run.id))),
        _ => Ok(go(&format!("{PATH}?done=asked"))),
    }
}

fn refused(text: &str) -> Failure {
    Failure::Refused { text: text.to_owned(), back: PATH.to_owned() }
}
