//! Disputes: what the bank asks, until when, and what was answered (`AC9.6.2`).

use std::sync::Arc;

use entities::{
    DisputeId, Provider, Timestamp,
    dispute::{Model, State},
    dispute_answer::{self, Kind},
};
use payments::{
    core::disputes::{may_answer, waits},
    disputes::{self, File, Wish},
};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};

use super::{
    dispute_forms::{acceptance, answer_tag, evidence_form},
    form::Filters,
    guard::{Deed, Looked, Staff, sentence, told},
    list::{PAGE, parsed},
    pages::DECIDES,
    parts::{Cell, Facts, Note, Table, Ways},
    queue::{Queue, Wanted},
    sheet::{After, Sheet},
    transactions,
    upload::Upload,
    words::ago,
};
use crate::{Portal, message::Failure, sign_in::go, words};

pub(super) const PATH: &str = "/desk/disputes";

pub(super) type Found = (Model, Vec<dispute_answer::Model>);

/// What can be asked for.
const QUEUES: [Queue<State>; 4] = [
    ("open", "Open", &[State::Warning, State::NeedsResponse, State::UnderReview]),
    ("answer", "To be answered", &[State::Warning, State::NeedsResponse]),
    ("won", "Won or harmless", &[State::Won, State::Harmless]),
    ("lost", "Lost", &[State::Lost]),
];

/// `GET /desk/disputes`: the open ones, unless others are asked for.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let after: Option<DisputeId> = parsed(&wanted.after);
    let found = disputes::page(&portal.store, wanted.states(&QUEUES), after, PAGE).await?;
    let now = portal.store.clock.now();
    let rows = found.disputes.iter().map(|found| row(portal, found, now));
    let columns =
        ["Opened", "Payment", "Reason", "State", "Answer by", ">Set aside", ">Amount", "Provider"];
    let next = found.next.map(|id| id.to_string());
    Sheet::new(portal, &staff)
        .lead("The payer went to the bank. Their credits are set aside until it decides.")
        .with(&Filters::new(PATH, vec![wanted.field(&QUEUES)]))
        .with(&Table::new(&columns, "No dispute is like that.").rows(rows))
        .with_some(
            Ways::pages(PATH, &[("state", wanted.name(&QUEUES))], &wanted.after, next).as_ref(),
        )
        .answer()
}

fn row(portal: &Portal, (row, answers): &Found, now: Timestamp) -> Vec<Cell> {
    let (tone, name) = state_words(row.state);
    let answered = answers.last().map(|answer| answer_tag(answer).1.to_lowercase());
    vec![
        Cell::number(words::day(row.opened_at)).to(format!("{PATH}/{}", row.id)),
        Cell::text("Its story")
            .to(transactions::href(row.payment_id))
            .hear(format!("of {}", words::money(&row.money()))),
        Cell::text(row.reason.replace('_', " ")),
        Cell::tag(tone, name).soft(answered.unwrap_or_default()),
        due(row, now),
        Cell::number(words::credits(row.held)),
        Cell::number(words::money(&row.money())),
        provider(portal, row),
    ]
}

/// Until when it can be answered.
fn due(row: &Model, now: Timestamp) -> Cell {
    match row.evidence_due.filter(|_| waits(row.state)) {
        Some(due) => Cell::number(words::moment(due)).soft(ago(due, now)),
        None => Cell::text("–"),
    }
}

/// Leads to the provider's dashboard.
fn provider(portal: &Portal, row: &Model) -> Cell {
    let name = Cell::text(provider_name(row.provider));
    match portal.cashier.dashboard_url(row.provider, &row.provider_reference) {
        Some(url) => name.to(url).hear("dashboard"),
        None => name,
    }
}

pub(super) const fn provider_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Stripe => "Stripe",
        Provider::Paypal => "PayPal",
    }
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

/// `GET /desk/disputes/{id}`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Response, Failure> {
    let found = find(portal, &id).await?;
    let (row, answers) = &found;
    let now = portal.store.clock.now();
    let answered = answered(portal, &staff, answers).await?;
    let known = [
        ("evidence", "It is on its way to the bank. What becomes of it is shown here."),
        ("accept", "It is being accepted. What becomes of it is shown here."),
    ];
    let mut sheet = Sheet::new(portal, &staff)
        .titled(format!("{} disputed", words::money(&row.money())))
        .lead(sentence(&row.reason.replace('_', " ")))
        .said(&after.done, &known);
    let facts = Facts::new("", facts(portal, row, now));
    let may = |kind| may_answer(row, answers, kind, row.version, now);
    let refusal = may(Kind::Evidence).err().filter(|_| waits(row.state));
    let mut ways =
        vec![("The payment's whole story".to_owned(), transactions::href(row.payment_id))];
    let decides = staff.has(DECIDES);
    if decides && may(Kind::Accept).is_ok() {
        ways.push(("Accept it…".to_owned(), format!("{PATH}/{id}/accept")));
    }
    sheet = match refusal {
        Some(why) => sheet.with(&Note::wait(sentence(&why.to_string()))),
        None if waits(row.state) && !decides => sheet.with(&Note::plain("Finance answers it.")),
        None => sheet,
    };
    sheet = match (decides && may(Kind::Evidence).is_ok()).then(|| evidence_form(&staff, row)) {
        Some(form) => sheet.beside(&[&facts], &[&form]),
        None => sheet.with(&facts),
    };
    sheet.with(&answered).with(&Ways::new(ways)).answer()
}

fn facts(portal: &Portal, row: &Model, now: Timestamp) -> Vec<(&'static str, Cell)> {
    let (tone, name) = state_words(row.state);
    let mut facts = vec![
        ("State", Cell::tag(tone, name)),
        ("Answer by", due(row, now)),
        ("Disputed", Cell::number(words::money(&row.money()))),
        ("The money", Cell::text(row.funds.as_str())),
        ("Set aside", Cell::number(words::credits(row.held))),
        ("Provider", provider(portal, row)),
        ("Its id there", Cell::code(&row.provider_reference)),
        ("Opened", Cell::number(words::moment(row.opened_at))),
    ];
    if let Some(at) = row.closed_at {
        facts.push(("Ended", Cell::number(words::moment(at))));
    }
    facts
}

/// What was answered; what it says is for those who decide.
async fn answered(
    portal: &Portal,
    staff: &Staff,
    answers: &[dispute_answer::Model],
) -> Result<Table, Failure> {
    let mut rows = Vec::new();
    for answer in answers {
        let (tone, name) = answer_tag(answer);
        let mut what =
            Cell::text(if answer.kind == Kind::Accept { "Accepted" } else { "Evidence" });
        if staff.has(DECIDES) && answer.kind == Kind::Evidence {
            let said = disputes::said(&portal.store, answer).await?;
            let words = said.words.unwrap_or_else(|| "(erased)".to_owned());
            what = what.soft([vec![words], said.files].concat().join(" · "));
        }
        let state = Cell::tag(tone, name).soft(answer.failure.clone().unwrap_or_default());
        let at = Cell::number(words::moment(answer.sent_at.unwrap_or(answer.created_at)));
        rows.push(vec![what, state, at, Cell::text(&answer.asked_by)]);
    }
    let columns = ["Answer", "State", "When", "By"];
    Ok(Table::new(&columns, "Nothing was answered from here.").titled("Answers").rows(rows))
}

/// `POST /desk/disputes/{id}/evidence`.
#[handler]
pub(super) async fn evidence(
    upload: Upload,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let files = upload.files.iter().map(|file| File {
        name: &file.name,
        field: &file.field,
        media: &file.media,
        content: &file.content,
    });
    let files: Vec<File<'_>> = files.collect();
    let wish = Wish::Evidence(upload.text("text"), &files);
    answer(portal, &upload.staff, (&id, upload.text("version")), wish).await?;
    Ok(go(&format!("{PATH}/{id}?done=evidence")))
}

/// `GET /desk/disputes/{id}/accept`: asks once more, whoever has just signed in.
#[handler]
pub(super) async fn ask(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (row, answers) = find(portal, &id).await?;
    let back = format!("{PATH}/{id}");
    staff.just_signed_in(portal, &format!("{back}/accept"))?;
    let now = portal.store.clock.now();
    may_answer(&row, &answers, Kind::Accept, row.version, now)
        .map_err(|why| told(why.into(), &back))?;
    let facts = Facts::new("", facts(portal, &row, now));
    Sheet::new(portal, &staff).beside(&[&facts], &[&acceptance(&staff, &row)]).answer()
}

/// `POST /desk/disputes/{id}/accept`.
#[handler]
pub(super) async fn accept(
    Deed(staff, Looked { version }): Deed<Looked>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    staff.just_signed_in(portal, &format!("{PATH}/{id}/accept"))?;
    answer(portal, &staff, (&id, &version), Wish::Accept).await?;
    Ok(go(&format!("{PATH}/{id}?done=accept")))
}

async fn answer(
    portal: &Portal,
    staff: &Staff,
    (id, version): (&str, &str),
    wish: Wish<'_>,
) -> Result<(), Failure> {
    let looked: Option<(DisputeId, i64)> = parsed(id).zip(parsed(version));
    let looked = looked.ok_or(Failure::NotFound)?;
    let asked = disputes::ask(&portal.store, staff.user_ref(), looked, wish).await;
    let asked = asked.map_err(|error| told(error, &format!("{PATH}/{id}")))?;
    portal.cashier.announce(asked.ok_or(Failure::NotFound)?);
    Ok(())
}

async fn find(portal: &Portal, id: &str) -> Result<Found, Failure> {
    let id: DisputeId = parsed(id).ok_or(Failure::NotFound)?;
    disputes::find(&portal.store, id).await?.ok_or(Failure::NotFound)
}
