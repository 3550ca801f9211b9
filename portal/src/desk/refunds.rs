//! Requests for refunds: what was asked for, and a person's decision (`AC9.6.4`, `AC9.5.3`).

use std::sync::Arc;

use entities::{
    Money, RefundRequestId, payment, refund,
    refund_request::{Model, State},
};
use payments::refunds::{self, Filter};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters, Form},
    guard::{Deed, Staff, told},
    list::{PAGE, minor, parsed},
    pages::DECIDES,
    parts::{Cell, Facts, Note, Table, Ways, address},
    queue::{Queue, Wanted},
    sheet::{After, Sheet},
    transactions,
    words::ago,
};
use crate::{Portal, message::Failure, sign_in::go, words};

const PATH: &str = "/desk/refunds";

/// What can be asked for.
const QUEUES: [Queue<State>; 5] = [
    ("waiting", "Waiting for a decision", &[State::PendingReview, State::Appealed]),
    ("approved", "Approved, not paid yet", &[State::Approved]),
    ("refunded", "Paid back", &[State::Refunded]),
    ("denied", "Denied", &[State::Denied, State::Rejected]),
    ("failed", "Could not be paid", &[State::Failed]),
];

type Found = (Model, payment::Model, Option<refund::Model>);

/// `GET /desk/refunds`: what waits, unless something else is asked for.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let filter = Filter { states: wanted.states(&QUEUES).to_vec() };
    let after: Option<RefundRequestId> = parsed(&wanted.after);
    let found = refunds::page(&portal.store, &filter, after, PAGE).await?;
    let now = portal.store.clock.now();
    let rows = found.requests.iter().map(|found| row(found, ago(found.0.created_at, now)));
    let columns = ["Asked for", "By", "State", "Paid with", ">Worth", ">Paid"];
    let next = found.next.map(|id| id.to_string());
    Sheet::new(portal, &staff)
        .lead("What unused credits are worth goes back, if a person says so.")
        .with(&Filters::new(PATH, vec![wanted.field(&QUEUES)]))
        .with(&Table::new(&columns, "No request is like that.").rows(rows))
        .with_some(
            Ways::pages(PATH, &[("state", wanted.name(&QUEUES))], &wanted.after, next).as_ref(),
        )
        .answer()
}

fn row((request, payment, _): &Found, age: String) -> Vec<Cell> {
    let (tone, name) = state_words(request.state);
    vec![
        Cell::number(age).to(format!("{PATH}/{}", request.id)),
        Cell::text(&request.requested_by),
        Cell::tag(tone, name),
        transactions::method(payment),
        Cell::number(words::money(&request.computed())),
        Cell::number(words::money(&payment.price())),
    ]
}

const fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::PendingReview => ("wait", "Waits"),
        State::Appealed => ("wait", "Appealed"),
        State::Approved => ("accent", "Approved"),
        State::Refunded => ("good", "Paid back"),
        State::Failed => ("bad", "Could not be paid"),
        State::Denied => ("", "Denied"),
        State::Rejected => ("", "Denied for good"),
    }
}

/// `GET /desk/refunds/{id}`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Response, Failure> {
    let found = find(portal, &id).await?;
    let (request, payment, _) = &found;
    let said = refunds::words(&portal.store, request)?;
    let mut words_of = vec![("Reason", Cell::text(said.reason))];
    words_of.extend(said.details.map(|details| ("Details", Cell::text(details))));
    words_of.extend(said.appeal.map(|appeal| ("Appeal", Cell::text(appeal))));
    let words_of = Facts::new("What the customer says", words_of);
    let sums = Facts::new("What it comes to", sums(&found));
    let course = Facts::new("What became of it", course(&found));
    let known = [
        ("approved", "It is approved: the money goes back, and the customer is told."),
        ("first", "You approved it. Somebody else has to as well."),
        ("denied", "It is denied, and the customer is told why."),
    ];
    let mut sheet = Sheet::new(portal, &staff)
        .titled(format!("{} for {}", words::money(&request.computed()), request.requested_by))
        .said(&after.done, &known)
        .with_some(obstacle(portal, &staff, request).as_ref());
    let decide = request.state.waits() && staff.has(DECIDES);
    let forms = (approve_form(&staff, request), deny_form(&staff, request));
    let left: [&dyn askama::DynTemplate; 2] = [&words_of, &sums];
    sheet = if decide {
        sheet.beside(&left, &[&forms.0, &forms.1, &course])
    } else {
        sheet.beside(&left, &[&course])
    };
    let ways = vec![("The payment's whole story".to_owned(), transactions::href(payment.id))];
    sheet.with(&Ways::new(ways)).answer()
}

/// Why whoever looks may not be able to decide alone.
fn obstacle(portal: &Portal, staff: &Staff, request: &Model) -> Option<Note> {
    if !request.state.waits() {
        return None;
    }
    if !staff.has(DECIDES) {
        return Some(Note::plain("Finance decides about it."));
    }
    let by = request.first_approved_by.as_deref().zip(request.first_approved_amount);
    if let Some((by, amount)) = by {
        let amount = words::money(&Money::new(amount, request.currency.clone()));
        return Some(Note::wait(format!("{by} approved {amount}. Somebody else has to as well.")));
    }
    let limit = portal.refunds.two_people_above?;
    (request.amount > limit).then(|| {
        let limit = words::money(&Money::new(limit, request.currency.clone()));
        Note::wait(format!("Above {limit} two people have to approve."))
    })
}

fn sums((request, payment, _): &Found) -> Vec<(&'static str, Cell)> {
    vec![
        ("Worth", Cell::number(words::money(&request.computed()))),
        ("How it comes about", Cell::text(refunds::reasoning(request, payment))),
        (
            "Paid",
            Cell::number(words::money(&payment.price()))
                .soft(payment.succeeded_at.map(words::moment).unwrap_or_default()),
        ),
        ("Paid with", transactions::method(payment)),
        ("Set aside", Cell::number(words::credits(request.held))),
    ]
}

fn course((request, payment, refund): &Found) -> Vec<(&'static str, Cell)> {
    let (tone, name) = state_words(request.state);
    let mut facts = vec![
        ("State", Cell::tag(tone, name)),
        ("Asked for", Cell::number(words::moment(request.created_at))),
        (
            "By",
            Cell::text(&request.requested_by).to(format!("/desk/users/{}", payment.customer_id)),
        ),
    ];
    if let Some(by) = &request.denied_by {
        facts.push(("Denied by", Cell::text(by)));
    }
    if let Some(at) = request.appealed_at {
        facts.push(("Appealed", Cell::number(words::moment(at))));
    }
    if let Some(by) = &request.decided_by {
        let at = request.decided_at.map(words::moment).unwrap_or_default();
        facts.push(("Decided by", Cell::text(by).soft(at)));
    }
    if let Some(decision) = &request.decision {
        facts.push(("Told", Cell::text(decision)));
    }
    if let Some(refund) = refund {
        facts.push(("Goes back", Cell::number(words::money(&refund.money()))));
        let failure = refund.failure.clone().unwrap_or_default();
        facts.push(("The money", Cell::text(refund.state.as_str()).soft(failure)));
    }
    facts
}

/// Leads to a page that asks once more.
fn approve_form(staff: &Staff, request: &Model) -> Form {
    let most = plain(&request.computed());
    Form::get(staff, format!("{PATH}/{}/approve", request.id), "Approve…")
        .titled("Approve")
        .about("In full, or in part: a smaller amount. You are asked once more.")
        .field(Field::line("amount", "Amount", most).required())
}

fn deny_form(staff: &Staff, request: &Model) -> Form {
    Form::post(staff, format!("{PATH}/{}/deny", request.id), "Deny")
        .titled("Deny")
        .anew("version", request.version.to_string())
        .field(
            Field::lines("reason", "Reason", "")
                .required()
                .hint("The customer reads this, and may appeal."),
        )
        .tone("danger")
}

/// `64.00`: an amount as it is typed.
fn plain(money: &Money) -> String {
    money.to_string().split(' ').next().unwrap_or_default().to_owned()
}

/// How much is to be approved.
#[derive(Deserialize)]
pub(super) struct HowMuch {
    #[serde(default)]
    amount: String,
}

/// `GET /desk/refunds/{id}/approve`: asks once more, whoever has just signed in.
#[handler]
pub(super) async fn ask(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(HowMuch { amount }): Query<HowMuch>,
) -> Result<Response, Failure> {
    let (request, payment, _) = find(portal, &id).await?;
    let back = format!("{PATH}/{}", request.id);
    let here = address(&format!("{back}/approve"), &[("amount", &amount)]);
    staff.just_signed_in(portal, &here)?;
    let refused = |text: &str| Failure::Refused { text: text.to_owned(), back: back.clone() };
    let minor = minor(&amount, request.currency.exponent());
    let minor = minor.filter(|minor| (1..=request.amount).contains(minor));
    let minor = minor.ok_or_else(|| refused("The amount is more than it is worth, or none."))?;
    let money = words::money(&Money::new(minor, request.currency.clone()));
    let part = if minor < request.amount { "part" } else { "full" };
    let form = Form::post(&staff, format!("{back}/approve"), format!("Send {money} back"))
        .titled(format!("Send {money} to {}?", request.requested_by))
        .about(format!(
            "This cannot be taken back. {money} ({part} of what the unused credits are worth) goes \
             to what it was paid with, and the credits are taken. The customer is told."
        ))
        .anew("version", request.version.to_string())
        .hidden("amount", minor.to_string())
        .or_back_to(back.clone());
    let facts = Facts::new(
        "",
        vec![
            ("Goes back", Cell::number(&money)),
            ("To", transactions::method(&payment)),
            ("Paid", Cell::number(words::money(&payment.price()))),
            ("How it comes about", Cell::text(refunds::reasoning(&request, &payment))),
        ],
    );
    Sheet::new(portal, &staff).beside(&[&facts], &[&form]).answer()
}

/// An approval: which version was looked at, and how much in minor units.
#[derive(Deserialize)]
pub(super) struct Approval {
    version: String,
    amount: String,
}

/// `POST /desk/refunds/{id}/approve`.
#[handler]
pub(super) async fn approve(
    Deed(staff, form): Deed<Approval>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: RefundRequestId = parsed(&id).ok_or(Failure::NotFound)?;
    let back = format!("{PATH}/{id}");
    staff.just_signed_in(portal, &back)?;
    let reviewer = staff.reviewer(&form.version)?;
    let amount: i64 = parsed(&form.amount).ok_or(Failure::NotFound)?;
    let (store, policy) = (&portal.store, &portal.refunds);
    let decided = refunds::approve(store, reviewer, id, Some(amount), policy).await;
    let decided = decided.map_err(|error| told(error, &back))?.ok_or(Failure::NotFound)?;
    portal.cashier.announce(decided.enqueued);
    let done = if decided.request.state == State::Approved { "approved" } else { "first" };
    Ok(go(&format!("{back}?done={done}")))
}

/// A denial: which version was looked at, and why.
#[derive(Deserialize)]
pub(super) struct Denial {
    version: String,
    reason: String,
}

/// `POST /desk/refunds/{id}/deny`.
#[handler]
pub(super) async fn deny(
    Deed(staff, form): Deed<Denial>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: RefundRequestId = parsed(&id).ok_or(Failure::NotFound)?;
    let back = format!("{PATH}/{id}");
    let reviewer = staff.reviewer(&form.version)?;
    let decided = refunds::deny(&portal.store, reviewer, id, &form.reason).await;
    let decided = decided.map_err(|error| told(error, &back))?.ok_or(Failure::NotFound)?;
    portal.cashier.announce(decided.enqueued);
    Ok(go(&format!("{back}?done=denied")))
}

async fn find(portal: &Portal, id: &str) -> Result<Found, Failure> {
    let id: RefundRequestId = parsed(id).ok_or(Failure::NotFound)?;
    refunds::find(&portal.store, id).await?.ok_or(Failure::NotFound)
}
