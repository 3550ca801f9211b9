//! Payments that a person has to look at: what speaks against them, and what is decided
//! (`AC9.3.4`, `AC9.3.5`, `AC9.6.6`).

use std::sync::Arc;

use entities::{
    ReviewId, Timestamp, block,
    review::{FRAUD, State},
};
use payments::{
    desk::named,
    reviews::{self, Confirmation, Filter, FoundCase},
};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters, Form},
    guard::{Deed, Staff, sentence, told},
    list::{PAGE, choices, filled, parsed},
    pages::DECIDES,
    parts::{Cell, Facts, Moment, Note, Story, Table, Ways},
    sheet::{After, Sheet},
    words::ago,
};
use crate::{Portal, message::Failure, sign_in::go, words};

const PATH: &str = "/desk/reviews";

/// States, as people call them.
const STATES: [(&str, &str); 3] =
    [("open", "Waiting"), ("released", "Released"), ("confirmed", "Fraud")];

/// What stands in the address of the list.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default = "open")]
    state: String,
    #[serde(default)]
    after: String,
}

fn open() -> String {
    State::Open.as_str().to_owned()
}

/// `GET /desk/reviews`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let filter = Filter { states: named(&wanted.state).into_iter().collect() };
    let after: Option<ReviewId> = parsed(&wanted.after);
    let page = reviews::page(&portal.store, &filter, after, PAGE).await?;
    let now = portal.store.clock.now();
    let filters = Filters::new(
        PATH,
        vec![
            Field::choice("state", "State", &wanted.state, choices("All", STATES)).usually("open"),
        ],
    );
    let columns = ["Why", "State", ">Points", "Customer", ">Amount", ">Set aside", "Since"];
    let rows = page.cases.iter().map(|case| row(case, now));
    let table = Table::new(&columns, "Nothing waits for a person.").rows(rows);
    let next = page.next.map(|id| id.to_string());
    Sheet::new(portal, &staff)
        .lead("The payment went on; where fraud is suspected, its credits are set aside.")
        .with(&filters)
        .with(&table)
        .with_some(Ways::pages(PATH, &[("state", &wanted.state)], &wanted.after, next).as_ref())
        .answer()
}

fn row(case: &FoundCase, now: Timestamp) -> Vec<Cell> {
    let FoundCase { review, payment, customer, .. } = case;
    let (tone, name) = state_words(review.state);
    let points = if review.rule == FRAUD { review.points.to_string() } else { "–".to_owned() };
    vec![
        Cell::text(rule_words(&review.rule)).to(format!("{PATH}/{}", review.id)),
        Cell::tag(tone, name),
        Cell::number(points),
        Cell::text(&customer.user_ref),
        Cell::number(words::money(&payment.price())),
        Cell::number(review.held.to_string()),
        Cell::number(ago(review.created_at, now)),
    ]
}

const fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Open => ("wait", "Waiting"),
        State::Released => ("good", "Released"),
        State::Confirmed => ("bad", "Fraud"),
    }
}

/// What a case is about, as people call it.
fn rule_words(rule: &str) -> String {
    match rule {
        FRAUD => "Looks like fraud".to_owned(),
        other => sentence(&other.replace('-', " ")).trim_end_matches('.').to_owned(),
    }
}

/// `GET /desk/reviews/{id}`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Response, Failure> {
    let case = find(portal, &id).await?;
    let messages = reviews::messages(&portal.store, case.review.id).await?;
    let hits = reviews::hits(&case.review)?;
    let rows = hits
        .iter()
        .map(|hit| vec![Cell::text(sentence(&hit.sentence)), Cell::number(hit.points.to_string())]);
    let table = Table::new(&["What speaks against it", ">Points"], "").rows(rows);
    let story = messages.iter().map(|message| Moment {
        at: words::moment(message.created_at),
        kind: "Mail",
        tone: "",
        what: Cell::text(&message.text).soft(format!("by {}", message.sent_by)),
    });
    let story = Story::new("Written to the customer", story.collect());
    let open = case.review.state == State::Open;
    let sheet = Sheet::new(portal, &staff)
        .titled(rule_words(&case.review.rule))
        .lead(sentence(&case.review.detail))
        .said(
            &after.done,
            &[
                ("release", "It is released: the credits are free, and the customer is told."),
                ("confirm", "It is fraud: the money goes back, and the account is flagged."),
                ("contact", "Your message is on its way."),
            ],
        )
        .with_some(waits_for_others(&staff, open).as_ref());
    let facts = Facts::new("", facts(portal, &case));
    let mut known: Vec<&dyn askama::DynTemplate> = vec![&facts];
    if !hits.is_empty() {
        known.push(&table);
    }
    if !messages.is_empty() {
        known.push(&story);
    }
    let mail = contact_form(&staff, &case);
    if open && staff.has(DECIDES) {
        let decisions = (release_form(&staff, &case), confirm_form(&staff, &case));
        return sheet.beside(&known, &[&decisions.0, &decisions.1, &mail]).answer();
    }
    sheet.beside(&known, &[&mail]).answer()
}

/// Said to whoever may not decide about a case that is `open`.
fn waits_for_others(staff: &Staff, open: bool) -> Option<Note> {
    (open && !staff.has(DECIDES)).then(|| Note::plain("Finance or an admin decides."))
}

fn facts(portal: &Portal, case: &FoundCase) -> Vec<(&'static str, Cell)> {
    let FoundCase { review, payment, customer, address } = case;
    let (tone, name) = state_words(review.state);
    let text = |text: Option<String>| Cell::text(text.unwrap_or_else(|| "–".to_owned()));
    let method = words::paid_with(payment);
    let risk = payment.risk.map(|risk| match payment.risk_score {
        Some(score) => format!("{}, score {score}", risk.as_str()),
        None => risk.as_str().to_owned(),
    });
    let flagged = if customer.flagged_at.is_some() { "flagged for fraud" } else { "" };
    let reference = payment.provider_reference.as_deref();
    let url = reference.and_then(|id| portal.cashier.dashboard_url(payment.provider, id));
    let provider = Cell::text(payment.provider.as_str());
    let mut facts = vec![
        ("State", Cell::tag(tone, name)),
        (
            "Payment",
            Cell::code(payment.id.to_string())
                .soft(payment.status.as_str())
                .to(format!("/desk/payments/{}", payment.id)),
        ),
        ("Amount", Cell::number(words::money(&payment.price()))),
        ("Set aside", Cell::number(words::credits(review.held))),
        ("Customer", Cell::text(&customer.user_ref).soft(flagged)),
        ("Paid with", Cell::text(method)),
        ("Card from", text(payment.card_country.clone())),
        ("Provider's risk", text(risk)),
        ("Network", text(address.clone())),
        ("Provider", url.map_or(provider.clone(), |url| provider.to(url))),
        ("Opened", Cell::number(words::moment(review.created_at))),
    ];
    if let Some(at) = review.decided_at {
        let by = review.decided_by.clone().unwrap_or_default();
        facts.push(("Decided", Cell::number(words::moment(at)).soft(format!("by {by}"))));
        facts.push(("Note", text(review.note.clone())));
    }
    facts
}

fn release_form(staff: &Staff, case: &FoundCase) -> Form {
    let id = case.review.id;
    Form::post(staff, format!("{PATH}/{id}/release"), "Release")
        .titled("It is harmless")
        .about("The credits are the customer's to spend, and they are told by mail.")
        .anew("version", case.review.version.to_string())
        .field(Field::line("note", "Note", "").hint("For the next person."))
}

/// Leads to a page that asks once more.
fn confirm_form(staff: &Staff, case: &FoundCase) -> Form {
    Form::get(staff, format!("{PATH}/{}/confirm", case.review.id), "Confirm the fraud…")
        .titled("It is fraud")
        .about("The money goes back, and nothing more is sold to them. You are asked once more.")
        .tone("danger")
}

fn contact_form(staff: &Staff, case: &FoundCase) -> Form {
    Form::post(staff, format!("{PATH}/{}/contact", case.review.id), "Send")
        .titled("Write to the customer")
        .field(
            Field::lines("message", "Message", "")
                .required()
                .hint("It goes out as a mail that names the payment. At most 2000 characters."),
        )
        .tone("quiet")
}

/// `GET /desk/reviews/{id}/confirm`: asks once more.
#[handler]
pub(super) async fn ask(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let case = find(portal, &id).await?;
    staff.just_signed_in(portal, &format!("{PATH}/{id}/confirm"))?;
    let yes = |value: &str, what: &str| {
        let names = [("", "No".to_owned()), (value, format!("Yes, {what}"))];
        names.map(|(value, name)| (value.to_owned(), name))
    };
    let form = Form::post(&staff, format!("{PATH}/{id}/confirm"), "Confirm the fraud")
        .titled(format!("Send {} back?", words::money(&case.payment.price())))
        .about(
            "What is left of the money goes back the way it came, the credits are taken, the \
             payment is blocked, the account is flagged and nothing more is sold to it. This \
             cannot be taken back; entries of the blocklist can.",
        )
        .anew("version", case.review.version.to_string())
        .field(Field::choice("card", "Keep the card out", "card", yes("card", "whoever has it")))
        .field(Field::choice(
            "domain",
            "Keep its mail domain out",
            "",
            yes("email_domain", "all its addresses"),
        ))
        .field(Field::choice("address", "Keep its network out", "", yes("address", "all in it")))
        .field(Field::line("note", "Note", "").hint("For the next person."))
        .tone("danger")
        .or_back_to(format!("{PATH}/{id}"));
    Sheet::new(portal, &staff).with(&form).answer()
}

/// A decision, as the form sends it.
#[derive(Deserialize)]
pub(super) struct Decision {
    version: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    address: String,
}

/// `POST /desk/reviews/{id}/release`.
#[handler]
pub(super) async fn release(
    Deed(staff, decision): Deed<Decision>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (review, back) = (case_id(&id)?, format!("{PATH}/{id}"));
    let reviewer = staff.reviewer(&decision.version)?;
    let note = filled(&decision.note);
    let decided = reviews::release(&portal.store, reviewer, review, note.as_deref()).await;
    let decided = decided.map_err(|error| told(error, &back))?.ok_or(Failure::NotFound)?;
    portal.cashier.announce(decided.enqueued);
    Ok(go(&format!("{back}?done=release")))
}

/// `POST /desk/reviews/{id}/confirm`.
#[handler]
pub(super) async fn confirm(
    Deed(staff, decision): Deed<Decision>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (review, back) = (case_id(&id)?, format!("{PATH}/{id}"));
    staff.just_signed_in(portal, &format!("{back}/confirm"))?;
    let chosen = [&decision.card, &decision.domain, &decision.address];
    let block: Vec<block::Kind> = chosen.into_iter().filter_map(|word| named(word)).collect();
    let confirmation = Confirmation { block, note: filled(&decision.note) };
    let reviewer = staff.reviewer(&decision.version)?;
    let decided = reviews::confirm(&portal.store, reviewer, review, &confirmation).await;
    let decided = decided.map_err(|error| told(error, &back))?.ok_or(Failure::NotFound)?;
    portal.cashier.announce(decided.enqueued);
    Ok(go(&format!("{back}?done=confirm")))
}

/// A message, as the form sends it.
#[derive(Deserialize)]
pub(super) struct Words {
    message: String,
}

/// `POST /desk/reviews/{id}/contact`.
#[handler]
pub(super) async fn contact(
    Deed(staff, Words { message }): Deed<Words>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (review, back) = (case_id(&id)?, format!("{PATH}/{id}"));
    let sent = reviews::contact(&portal.store, staff.user_ref(), review, &message).await;
    let (_, enqueued) = sent.map_err(|error| told(error, &back))?.ok_or(Failure::NotFound)?;
    portal.cashier.announce(enqueued);
    Ok(go(&format!("{back}?done=contact")))
}

async fn find(portal: &Portal, id: &str) -> Result<FoundCase, Failure> {
    reviews::find(&portal.store, case_id(id)?).await?.ok_or(Failure::NotFound)
}

fn case_id(id: &str) -> Result<ReviewId, Failure> {
    parsed(id).ok_or(Failure::NotFound)
}
