//! The sandbox's "try it": buy a package as the demo user, and watch what becomes of it.

mod story;

use std::{sync::Arc, time::Duration};

use askama::Template;
use entities::{PaymentId, Provider, Timestamp, payment};
use payments::{Store, checkout, customers, customers::User, ledger, ledger::Balance};
use poem::{
    IntoResponse, Response, handler,
    http::{StatusCode, header},
    web::{Data, Form, Path},
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use time::{format_description::BorrowedFormatItem, macros::format_description};
use url::form_urlencoded;

use self::story::{Step, Story};
pub(crate) use self::story::{status_words, tone};
use crate::{
    Portal,
    message::Failure,
    page::{Page, View},
};

/// The user that everybody who tries is.
pub(crate) const USER_REF: &str = "demo";
const EMAIL: &str = "demo@example.com";

/// How long after its last change an open payment's page looks again by itself.
const FOLLOW: Duration = Duration::from_mins(10);

const CLOCK: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]:[second] UTC");

#[derive(Deserialize)]
pub(crate) struct Wish {
    package: String,
}

#[derive(Template)]
#[template(path = "attempt.html")]
struct Attempt {
    page: Page,
    /// Whether the page looks again by itself.
    live: bool,
    /// Whether news may still come.
    open: bool,
    /// Whether there is a receipt to look at.
    settled: bool,
    status: &'static str,
    story: Story,
    steps: [Step; 4],
    balance: i64,
    held: i64,
    package: String,
    price: String,
    id: PaymentId,
    reference: Option<String>,
}

/// `POST /try`: begins to buy a package, and sends the visitor to the provider to pay it.
#[handler]
pub(crate) async fn begin(
    Data(portal): Data<&Arc<Portal>>,
    Form(wish): Form<Wish>,
) -> Result<Response, Failure> {
    let user = User { user_ref: USER_REF.to_owned(), email: Some(EMAIL.to_owned()) };
    let begun = portal.cashier.begin(&user, &wish.package, None, Provider::Stripe).await?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_secret", begun.client_secret.expose_secret())
        .append_pair("return_url", &format!("{}/try/{}", portal.base(), begun.payment_id))
        .finish();
    let page = format!("/sandbox/pay/{}?{query}", begun.reference);
    let answer = Response::builder().status(StatusCode::SEE_OTHER);
    let answer = answer.header(header::LOCATION, page).header(header::CACHE_CONTROL, "no-store");
    Ok(answer.finish())
}

/// `GET /try/{payment}`: what has become of a payment of the demo user's.
#[handler]
pub(crate) async fn show(
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: PaymentId = id.parse().map_err(|_| Failure::NotFound)?;
    let found = checkout::find_own_by_id(&portal.store, USER_REF, id).await?;
    let payment = found.ok_or(Failure::NotFound)?;
    let balance = balance(&portal.store).await?;
    let attempt = Attempt::new(payment, balance, portal.store.clock.now());
    Ok(View(StatusCode::OK, attempt).into_response())
}

async fn balance(store: &Store) -> Result<Balance, payments::Error> {
    match customers::find(store, USER_REF).await? {
        Some(customer) => ledger::balance(store, customer.id).await,
        None => Ok(Balance::default()),
    }
}

impl Attempt {
    fn new(payment: payment::Model, balance: Balance, now: Timestamp) -> Self {
        use payment::Status;
        let open =
            matches!(payment.status, Status::Pending | Status::RequiresAction | Status::Processing);
        Self {
            page: Page::new(true),
            live: open && now.since(payment.updated_at) < FOLLOW,
            open,
            settled: payment.succeeded_at.is_some(),
            status: status_words(payment.status),
            story: Story::of(&payment),
            steps: story::steps(&payment, EMAIL),
            balance: balance.available,
            held: balance.held,
            price: payment.price().to_string(),
            id: payment.id,
            reference: payment.provider_reference,
            package: payment.package_id,
        }
    }
}

/// `at`, on the day it was.
pub(crate) fn clock_time(at: Timestamp) -> String {
    at.datetime().format(CLOCK).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests;
