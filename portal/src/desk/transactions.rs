//! Everybody's payments: found, looked at, and each one's whole story (`AC9.6.1`, `AC9.6.3`).

mod story;

use std::sync::Arc;

use entities::{
    PaymentId, Provider,
    payment::{Model, Status},
};
use ingress::CashierError;
use payments::{
    core::declines,
    desk::{
        named, records, story as told_of,
        transactions::{self, Entry, Filter},
    },
};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters, Form},
    guard::{Deed, Staff, sentence},
    list::{PAGE, choices, cut, day, day_after, filled, minor, parsed},
    parts::{Cell, Facts, Story, Table, Ways, address},
    sheet::{After, Sheet},
};
use crate::{
    Portal,
    message::Failure,
    sign_in::{Nothing, go},
    words,
};

const PATH: &str = "/desk/payments";

/// Decimals of an amount in a filter, whatever the currency: nearly all have two.
const DECIMALS: u16 = 2;

/// Statuses that can be asked for.
const STATUSES: [Status; 9] = [
    Status::Pending,
    Status::RequiresAction,
    Status::Processing,
    Status::Succeeded,
    Status::PartiallyRefunded,
    Status::Refunded,
    Status::Failed,
    Status::Canceled,
    Status::Blocked,
];

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    pub(super) provider: String,
    #[serde(default)]
    pub(super) user: String,
    #[serde(default)]
    pub(super) from: String,
    #[serde(default)]
    pub(super) to: String,
    #[serde(default)]
    least: String,
    #[serde(default)]
    most: String,
    #[serde(default)]
    pub(super) after: String,
}

impl Wanted {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            statuses: named(&self.status).into_iter().collect(),
            provider: parsed(&self.provider),
            user_ref: filled(&self.user),
            from: day(&self.from),
            before: day_after(&self.to),
            least: minor(&self.least, DECIMALS),
            most: minor(&self.most, DECIMALS),
            search: filled(&self.q),
        }
    }

    pub(super) fn query(&self) -> [(&str, &str); 8] {
        [
            ("q", &self.q),
            ("status", &self.status),
            ("provider", &self.provider),
            ("user", &self.user),
            ("from", &self.from),
            ("to", &self.to),
            ("least", &self.least),
            ("most", &self.most),
        ]
    }
}

/// `GET /desk/payments`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let after: Option<PaymentId> = parsed(&wanted.after);
    let found = transactions::list(&portal.store, &wanted.filter(), after, PAGE + 1).await?;
    let (found, next) = cut(found, PAGE, |entry| entry.payment.id);
    let statuses = STATUSES.map(|status| (status.as_str(), words::status(status)));
    let filters = Filters::new(
        PATH,
        vec![
            Field::search("q", "Id, e-mail or reference", &wanted.q),
            Field::choice("status", "Status", &wanted.status, choices("All", statuses)),
            Field::choice("provider", "Provider", &wanted.provider, choices("All", providers())),
            Field::line("user", "User", &wanted.user),
            Field::day("from", "From", &wanted.from),
            Field::day("to", "To", &wanted.to),
            Field::line("least", "At least", &wanted.least),
            Field::line("most", "At most", &wanted.most),
        ],
    );
    let columns = ["When", "Payment", "User", "Method", "Status", ">Amount"];
    let rows = found.iter().map(row);
    let table = Table::new(&columns, "No payment is like that.").rows(rows);
    Sheet::new(portal, &staff)
        .with(&filters)
        .with(&table)
        .with_some(Ways::pages(PATH, &wanted.query(), &wanted.after, next).as_ref())
        .answer()
}

/// The providers, by name.
pub(super) fn providers() -> [(&'static str, &'static str); 2] {
    [(Provider::Stripe.as_str(), "Stripe"), (Provider::Paypal.as_str(), "PayPal")]
}

/// A payment in a list: when, what, who, how, what became of it, how much.
pub(super) fn row(entry: &Entry) -> Vec<Cell> {
    let payment = &entry.payment;
    vec![
        Cell::number(words::moment(payment.created_at)),
        Cell::text(&entry.package).to(href(payment.id)),
        user(entry),
        method(&entry.payment),
        status(payment.status),
        Cell::number(words::money(&payment.price())),
    ]
}

/// Where a payment is at the desk.
pub(super) fn href(id: PaymentId) -> String {
    format!("{PATH}/{id}")
}

fn user(entry: &Entry) -> Cell {
    Cell::text(&entry.user_ref).to(format!("/desk/users/{}", entry.payment.customer_id))
}

/// What was paid with; the provider where nothing more is known.
pub(super) fn method(payment: &Model) -> Cell {
    Cell::number(match payment.method_kind {
        Some(_) => words::paid_with(payment),
        None => words::method(Some(payment.provider.as_str()), None, None),
    })
}

/// A payment's status as a tag.
pub(super) fn status(status: Status) -> Cell {
    Cell::tag(words::tone(status), words::status(status))
}

/// Why a payment failed: in a sentence, and in the provider's code.
pub(super) fn reason(entry: &Entry) -> Cell {
    let payment = &entry.payment;
    let Some(code) = payment.failure_code.as_deref() else { return Cell::text("–") };
    let decline = payment.decline_code.as_deref();
    let codes = decline.map_or_else(|| code.to_owned(), |decline| format!("{code}, {decline}"));
    Cell::text(declines::advice(code, decline).sentence).soft(codes)
}

/// `GET /desk/payments/{id}`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Response, Failure> {
    let id: PaymentId = parsed(&id).ok_or(Failure::NotFound)?;
    let entry = transactions::find(&portal.store, id).await?.ok_or(Failure::NotFound)?;
    let story = told_of::story(&portal.store, id).await?.unwrap_or_default();
    let facts = Facts::new("", facts(portal, &entry));
    let story = Story::new("What happened", story.iter().rev().map(story::moment).collect());
    let form = entry.payment.provider_reference.as_ref().map(|_| {
        Form::post(&staff, format!("{}/sync", href(id)), "Ask the provider now")
            .about("Brings it to what the provider says. Nothing is charged by it.")
            .tone("quiet")
    });
    let known = [
        ("same", "The provider says the same as we do."),
        ("changed", "It was brought to what the provider says."),
    ];
    let mut right: Vec<&dyn askama::DynTemplate> = vec![&facts];
    if let Some(form) = &form {
        right.push(form);
    }
    Sheet::new(portal, &staff)
        .titled(format!("{} of {}", words::money(&entry.payment.price()), entry.user_ref))
        .said(&after.done, &known)
        .beside(&[&story], &right)
        .answer()
}

fn facts(portal: &Portal, entry: &Entry) -> Vec<(&'static str, Cell)> {
    let payment = &entry.payment;
    let dash = || "–".to_owned();
    let reference = payment.provider_reference.clone();
    let url =
        reference.as_deref().and_then(|id| portal.cashier.dashboard_url(payment.provider, id));
    let reference = Cell::code(reference.unwrap_or_else(dash));
    vec![
        ("Status", status(payment.status)),
        ("User", user(entry)),
        ("Package", Cell::text(&entry.package).soft(words::credits(payment.total_credits()))),
        ("Method", method(&entry.payment)),
        ("Why it failed", reason(entry)),
        (
            "Refunded",
            Cell::number(words::money(&entities::Money::new(
                payment.refunded,
                payment.currency.clone(),
            ))),
        ),
        ("Begun", Cell::number(words::moment(payment.created_at))),
        ("Paid", Cell::number(payment.succeeded_at.map_or_else(dash, words::moment))),
        ("Id", Cell::code(payment.id.to_string())),
        (
            "At the provider",
            match url {
                Some(url) => reference.to(url),
                None => reference,
            },
        ),
        ("Mode", Cell::text(if payment.livemode { "real money" } else { "test" })),
    ]
}

/// `POST /desk/payments/{id}/sync`: brings it to what the provider says.
#[handler]
pub(super) async fn sync(
    Deed(staff, Nothing {}): Deed<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: PaymentId = parsed(&id).ok_or(Failure::NotFound)?;
    let before = transactions::find(&portal.store, id).await?.ok_or(Failure::NotFound)?;
    records::note(&portal.store, &staff.actor(), "payment.sync", id.to_string()).await?;
    let done = match portal.cashier.sync(id).await {
        Ok(now) if now.version == before.payment.version => "same",
        Ok(_) => "changed",
        Err(error @ CashierError::Payments(_)) => return Err(error.into()),
        Err(error) => {
            let text = sentence(&error.to_string());
            return Err(Failure::Refused { text, back: href(id) });
        }
    };
    Ok(go(&address(&href(id), &[("done", done)])))
}
