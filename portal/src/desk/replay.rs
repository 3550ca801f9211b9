//! An event fed in again: first as a dry run that shows what would change.

use std::sync::Arc;

use entities::{EventId, Money};
use ingress::{DryRun, ReplayError};
use payments::{
    desk::events,
    replay::{Entry, Preview},
};
use poem::{
    Response, handler,
    web::{Data, Path},
};

use super::{
    form::Form,
    guard::{Deed, Staff, sentence},
    list::parsed,
    parts::{Cell, Facts, Note, Table},
    sheet::Sheet,
};
use crate::{
    Portal,
    message::Failure,
    sign_in::{Nothing, go},
    words,
};

const PATH: &str = "/desk/events";

/// `GET /desk/events/{id}/replay`: the dry run. It writes nothing, here or at the provider.
#[handler]
pub(super) async fn ask(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: EventId = parsed(&id).ok_or(Failure::NotFound)?;
    let (event, _) = events::redacted(&portal.store, id).await?.ok_or(Failure::NotFound)?;
    let shown = portal.replayer.dry_run(id).await.map_err(|error| told(error, id))?;
    let form = Form::post(&staff, format!("{PATH}/{id}/replay"), "Replay it for real")
        .titled("Apply it again?")
        .about(
            "It is applied as if it had just come. What it did once stays done once: nothing is \
             granted, booked or mailed twice. That you asked for it is written to the audit log.",
        )
        .or_back_to(format!("{PATH}/{id}"));
    let sheet = Sheet::new(portal, &staff)
        .titled(format!("Replay {}", event.kind))
        .lead("What would change if it came now. Nothing has been written yet.");
    shown_on(sheet, shown, &event.provider.to_string()).with(&form).answer()
}

fn shown_on(sheet: Sheet, shown: DryRun, provider: &str) -> Sheet {
    match shown {
        DryRun::Changes(preview) => changes_on(sheet, &preview),
        DryRun::Asks(what) => sheet.with(&Note::wait(format!(
            "What changes is known when {provider} has been asked for {what}. That is done when \
             the event is replayed."
        ))),
        DryRun::Irrelevant => {
            sheet.with(&Note::plain("Nothing would change: it says nothing that concerns us."))
        }
        DryRun::Unreadable(why) => {
            sheet.with(&Note::bad(format!("It can never be applied. {}", sentence(&why))))
        }
    }
}

fn changes_on(sheet: Sheet, preview: &Preview) -> Sheet {
    let note = sentence(&preview.sentence());
    let note = match (&preview.payment_id, preview.contradicts) {
        (None, _) | (_, Some(_)) => Note::wait(note),
        _ => Note::plain(note),
    };
    let ledger = Table::new(&["Booking", "Account", ">Amount"], "Nothing would be booked.")
        .titled("Ledger")
        .rows(preview.entries.iter().map(leg));
    let jobs = Table::new(&["Job"], "No job would follow, and no mail.")
        .titled("What would follow")
        .rows(preview.jobs.iter().map(|name| vec![Cell::text(name)]));
    let sheet = sheet.with(&note).with(&Facts::new("", facts(preview)));
    if preview.payment_id.is_some() { sheet.with(&ledger).with(&jobs) } else { sheet }
}

fn facts(preview: &Preview) -> Vec<(&'static str, Cell)> {
    let word = |status: &Option<String>| status.clone().unwrap_or_else(|| "–".to_owned());
    let payment = match preview.payment_id {
        Some(id) => Cell::code(id.to_string()).to(format!("/desk/payments/{id}")),
        None => Cell::text("None of ours fits"),
    };
    let mut facts = vec![
        ("Payment", payment),
        ("Status now", Cell::text(word(&preview.status))),
        ("Status then", Cell::text(word(&preview.status_after))),
    ];
    if let Some(rule) = preview.contradicts {
        facts.push(("Contradicts", Cell::tag("bad", rule)));
    }
    facts
}

fn leg(entry: &Entry) -> Vec<Cell> {
    let amount = match entry.asset.parse() {
        Ok(currency) => words::money(&Money::new(entry.amount, currency)),
        Err(_) => format!("{:+} {}", entry.amount, entry.asset),
    };
    vec![Cell::text(&entry.transfer), Cell::code(&entry.account), Cell::number(amount)]
}

/// `POST /desk/events/{id}/replay`.
#[handler]
pub(super) async fn replay(
    Deed(staff, Nothing {}): Deed<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: EventId = parsed(&id).ok_or(Failure::NotFound)?;
    let replayed = portal.replayer.replay(id, &staff.actor()).await;
    replayed.map_err(|error| told(error, id))?;
    Ok(go(&format!("{PATH}/{id}?done=replayed")))
}

/// Why it cannot be replayed, as a page.
fn told(error: ReplayError, id: EventId) -> Failure {
    let text = match error {
        ReplayError::NotFound => return Failure::NotFound,
        ReplayError::Payments(error) => return error.into(),
        ReplayError::NotSetUp(_) => sentence(&error.to_string()),
        ReplayError::Provider(cause) => format!(
            "The provider could not be asked: {} Nothing was changed; try again in a moment.",
            sentence(&cause.to_string())
        ),
    };
    Failure::Refused { text, back: format!("{PATH}/{id}") }
}
