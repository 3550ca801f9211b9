//! Billing: a visitor's payments, by state and year, page by page.

use std::sync::Arc;

use askama::Template;
use entities::{PaymentId, Timestamp, payment::Status};
use payments::history::{self, Entry, Filter};
use poem::{
    IntoResponse, Response, handler,
    web::{Data, Query},
};
use serde::Deserialize;
use time::{Date, Month, Time};

use crate::{
    Portal,
    message::Failure,
    page::{Here, Page, View},
    visitor::Visitor,
    words,
};

/// Payments on a page.
const PAGE: u64 = 20;

/// How many years back can be chosen; tax offices ask for ten.
const YEARS: i32 = 10;

/// What a visitor may ask for: its name in the address, in words, and the states it means.
const STATES: [(&str, &str, &[Status]); 4] = [
    ("paid", "Paid", &[Status::Succeeded, Status::PartiallyRefunded]),
    ("open", "Open", &[Status::Pending, Status::RequiresAction, Status::Processing]),
    ("failed", "Failed", &[Status::Failed, Status::Canceled, Status::Blocked]),
    ("refunded", "Refunded", &[Status::PartiallyRefunded, Status::Refunded]),
];

/// What stands in the address. What is not understood is not asked for.
#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    state: String,
    #[serde(default)]
    year: String,
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "billing.html")]
struct Billing {
    page: Page,
    rows: Vec<Row>,
    states: Vec<Choice>,
    years: Vec<Choice>,
    /// Whether only some are asked for.
    filtered: bool,
    /// Whether this is not the first page.
    later: bool,
    /// The address of the next page.
    next: Option<String>,
    /// The year whose table is offered.
    export: i32,
}

/// Something to choose in a filter.
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

struct Row {
    id: PaymentId,
    day: String,
    package: String,
    credits: String,
    method: String,
    price: String,
    status: &'static str,
    tone: &'static str,
    paid: bool,
}

/// `GET /billing` (`001-FR8`, `AC9.4.4`).
#[handler]
pub(crate) async fn show(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Query(wish): Query<Wish>,
) -> Result<Response, Failure> {
    let this_year = portal.store.clock.now().datetime().year();
    let state = STATES.iter().find(|(value, ..)| *value == wish.state);
    let year: Option<i32> = wish.year.parse().ok().filter(|year| years(this_year).contains(year));
    let after: Option<PaymentId> = wish.after.parse().ok();
    let filter = Filter {
        statuses: state.map(|(.., statuses)| statuses.to_vec()).unwrap_or_default(),
        from: year.and_then(january),
        before: year.and_then(|year| january(year + 1)),
        ..Filter::default()
    };
    let user = &visitor.user().user_ref;
    let found = history::page(&portal.store, user, &filter, after, PAGE).await?;
    let state = state.map_or("", |(value, ..)| value);
    let chosen = year.map(|year| year.to_string()).unwrap_or_default();
    let billing = Billing {
        page: Page::of(portal, &visitor).await?.at(Here::Billing),
        next: found.next.map(|id| format!("/billing?state={state}&year={chosen}&after={id}")),
        rows: found.entries.into_iter().map(Row::from).collect(),
        states: STATES.iter().map(|(value, name, _)| Choice::new(value, name, state)).collect(),
        years: years(this_year)
            .rev()
            .map(|year| Choice::new(&year.to_string(), &year.to_string(), &chosen))
            .collect(),
        filtered: !state.is_empty() || year.is_some(),
        later: after.is_some(),
        export: year.unwrap_or(this_year),
    };
    Ok(View::ok(billing.page.policy(), billing).into_response())
}

/// What stands in the address of a table.
#[derive(Deserialize)]
pub(crate) struct Export {
    year: i32,
}

/// `GET /billing/export.csv?year=`: a year's payments as a table (`AC9.4.5`).
#[handler]
pub(crate) async fn export(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Query(Export { year }): Query<Export>,
) -> Result<Response, Failure> {
    Ok(portal.files.year(&visitor.user().user_ref, year).await?)
}

fn years(this: i32) -> std::ops::RangeInclusive<i32> {
    this - YEARS..=this
}

/// The first moment of `year`, UTC.
fn january(year: i32) -> Option<Timestamp> {
    let first = Date::from_calendar_date(year, Month::January, 1).ok()?;
    Some(Timestamp::from_seconds(first.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp()))
}

impl Choice {
    fn new(value: &str, name: &str, chosen: &str) -> Self {
        Self { value: value.to_owned(), name: name.to_owned(), chosen: value == chosen }
    }
}

impl From<Entry> for Row {
    fn from(Entry { payment, package }: Entry) -> Self {
        Self {
            id: payment.id,
            day: words::day(payment.succeeded_at.unwrap_or(payment.created_at)),
            package,
            credits: words::credits(payment.total_credits()),
            method: words::paid_with(&payment),
            price: words::money(&payment.price()),
            status: words::status(payment.status),
            tone: words::tone(payment.status),
            paid: payment.succeeded_at.is_some(),
        }
    }
}
