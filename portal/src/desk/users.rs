//! Users: what they have, and what they bought.

use std::sync::Arc;

use entities::{CustomerId, credit_lot, customer};
use payments::{
    adjustments,
    desk::{
        people::{self, Person},
        transactions::{self as bought, Entry, Filter},
    },
};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    adjustments as adjusting,
    form::{Field, Filters},
    guard::Staff,
    list::{PAGE, cut, filled, parsed},
    pages::DECIDES,
    parts::{Cell, Facts, Figure, Figures, Table, Ways, address},
    sheet::Sheet,
    transactions,
};
use crate::{Portal, message::Failure, words};

const PATH: &str = "/desk/users";

/// Payments that are shown of a user.
const PAYMENTS: u64 = 10;

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

/// `GET /desk/users`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let search = filled(&wanted.q);
    let after: Option<CustomerId> = parsed(&wanted.after);
    let found = people::list(&portal.store, search.as_deref(), after, PAGE + 1).await?;
    let (found, next) = cut(found, PAGE, |customer| customer.id);
    let field = Field::search("q", "User, e-mail or id", &wanted.q)
        .hint("Who was never written to is not found by e-mail.");
    let columns = ["User", "Since", "Account"];
    Sheet::new(portal, &staff)
        .with(&Filters::new(PATH, vec![field]))
        .with(&Table::new(&columns, "Nobody is called that.").rows(found.iter().map(row)))
        .with_some(Ways::pages(PATH, &[("q", &wanted.q)], &wanted.after, next).as_ref())
        .answer()
}

fn row(customer: &customer::Model) -> Vec<Cell> {
    vec![
        Cell::text(&customer.user_ref).to(format!("{PATH}/{}", customer.id)),
        Cell::number(words::day(customer.created_at)),
        account(customer),
    ]
}

fn account(customer: &customer::Model) -> Cell {
    match customer.closed_at {
        Some(at) => Cell::tag("", "Deleted").soft(words::day(at)),
        None => Cell::tag("good", "Open"),
    }
}

/// `GET /desk/users/{id}`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: CustomerId = parsed(&id).ok_or(Failure::NotFound)?;
    let person = people::find(&portal.store, id).await?.ok_or(Failure::NotFound)?;
    let user = &person.customer.user_ref;
    let filter = Filter { user_ref: Some(user.clone()), ..Filter::default() };
    let payments = bought::list(&portal.store, &filter, None, PAYMENTS).await?;
    let all = address("/desk/payments", &[("user", user)]);
    let payments =
        Table::new(&["When", "Package", "Status", ">Amount"], "They bought nothing yet.")
            .titled("Latest payments")
            .rows(payments.iter().map(payment));
    let columns = ["Granted", ">Credits", ">Left", ">Set aside", ">Taken back", ">Owed", "Payment"];
    let lots = Table::new(&columns, "No credits were granted yet.")
        .titled("Credits, by purchase")
        .rows(person.lots.iter().map(lot));
    let by_hand = adjustments::of_customer(&portal.store, id).await?;
    let may_ask = staff.has(DECIDES) && person.customer.closed_at.is_none();
    let form = may_ask.then(|| adjusting::form(portal, &staff, &person.customer));
    Sheet::new(portal, &staff)
        .titled(user)
        .with(&balance(&person))
        .with(&Facts::new("", facts(&person)))
        .with(&payments)
        .with(&Ways::new(vec![("All payments".to_owned(), all)]))
        .with(&lots)
        .with_some(adjusting::table(&by_hand).as_ref())
        .with_some(form.as_ref())
        .answer()
}

fn balance(person: &Person) -> Figures {
    let figure = |label: &str, credits: i64, more: &str, tone| Figure {
        label: label.to_owned(),
        value: credits.to_string(),
        more: more.to_owned(),
        tone,
        href: None,
    };
    let balance = &person.balance;
    let debt = if balance.available < 0 { "bad" } else { "" };
    Figures::new(
        "",
        vec![
            figure("Credits available", balance.available, "", debt),
            figure("Set aside", balance.held, "for refunds, disputes and reviews", ""),
        ],
    )
}

fn facts(person: &Person) -> Vec<(&'static str, Cell)> {
    vec![
        ("E-mail", Cell::text(person.email.as_deref().unwrap_or("–"))),
        ("Account", account(&person.customer)),
        ("Since", Cell::number(words::moment(person.customer.created_at))),
        ("Our id", Cell::code(person.customer.id.to_string())),
    ]
}

fn payment(entry: &Entry) -> Vec<Cell> {
    let payment = &entry.payment;
    vec![
        Cell::number(words::moment(payment.created_at)),
        Cell::text(&entry.package).to(transactions::href(payment.id)),
        transactions::status(payment.status),
        Cell::number(words::money(&payment.price())),
    ]
}

fn lot(lot: &credit_lot::Model) -> Vec<Cell> {
    let number = |number: i64| Cell::number(number.to_string());
    vec![
        Cell::number(words::day(lot.created_at)),
        number(lot.total()),
        number(lot.remaining),
        number(lot.held),
        number(lot.taken),
        number(lot.owed),
        Cell::text("Its story").to(transactions::href(lot.payment_id)),
    ]
}
