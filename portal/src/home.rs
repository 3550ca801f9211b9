//! The start page.

use std::sync::Arc;

use askama::Template;
use entities::{PaymentId, package, payment};
use payments::{Store, catalog, checkout, customers};
use poem::{IntoResponse, Response, handler, http::StatusCode, web::Data};

use crate::{
    Portal, attempt,
    page::{Page, View},
    status::Status,
};

/// How many of the demo user's payments are shown.
const TRIES: u64 = 5;

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    page: Page,
    packages: Vec<Package>,
    state: Status,
    sandbox: Option<Sandbox<'a>>,
}

/// A package as it is offered.
struct Package {
    id: String,
    name: String,
    amount: String,
    currency: String,
    credits: String,
}

/// What only a sandbox shows.
struct Sandbox<'a> {
    base: &'a str,
    /// The package that the shell lines buy.
    package: String,
    tries: Vec<Try>,
}

struct Try {
    id: PaymentId,
    package: String,
    at: String,
    status: &'static str,
    tone: &'static str,
}

/// `GET /`.
#[handler]
pub(crate) async fn show(Data(portal): Data<&Arc<Portal>>) -> Response {
    let state = Status::read(&portal.store, portal.sandbox).await;
    let (packages, tries) = read(portal).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the start page lacks its data");
        Default::default()
    });
    let sandbox = portal.sandbox.then(|| Sandbox {
        base: portal.base(),
        package: packages.last().map_or_else(|| "pro-200".to_owned(), |package| package.id.clone()),
        tries,
    });
    let status = if state.up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let page = Page::new(portal.sandbox);
    let packages = packages.into_iter().map(Package::from).collect();
    View(status, Home { page, packages, state, sandbox }).into_response()
}

async fn read(portal: &Portal) -> Result<(Vec<package::Model>, Vec<Try>), payments::Error> {
    let packages = catalog::on_sale(&portal.store).await?;
    let tries = if portal.sandbox { tries(&portal.store).await? } else { Vec::new() };
    Ok((packages, tries))
}

async fn tries(store: &Store) -> Result<Vec<Try>, payments::Error> {
    let Some(customer) = customers::find(store, attempt::USER_REF).await? else {
        return Ok(Vec::new());
    };
    let payments = checkout::of_customer(store, customer.id, TRIES).await?;
    Ok(payments.into_iter().map(Try::from).collect())
}

impl From<payment::Model> for Try {
    fn from(payment: payment::Model) -> Self {
        Self {
            id: payment.id,
            at: attempt::clock_time(payment.created_at),
            status: attempt::status_words(payment.status),
            tone: attempt::tone(payment.status),
            package: payment.package_id,
        }
    }
}

impl From<package::Model> for Package {
    fn from(package: package::Model) -> Self {
        let price = package.price().to_string();
        let (amount, currency) = price.split_once(' ').unwrap_or((&price, ""));
        let bonus = match package.bonus_credits {
            0 => String::new(),
            bonus => format!(" + {bonus} bonus"),
        };
        Self {
            amount: amount.to_owned(),
            currency: currency.to_owned(),
            credits: format!("{} credits{bonus}", package.credits),
            id: package.id,
            name: package.name,
        }
    }
}
