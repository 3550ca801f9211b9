//! The start page: what is on sale, and in the sandbox how the system is.

use askama::Template;
use entities::{PaymentId, package};
use payments::{
    catalog,
    history::{self, Entry, Filter},
};
use poem::{IntoResponse, Request, Response, handler, http::StatusCode};

use crate::{
    Portal,
    checkout::Offer,
    message::Failure,
    page::{Here, Page, View},
    status::Status,
    visitor::{self, Guest, Visitor},
    words,
};

/// How many of the visitor's payments are shown.
const LATEST: u64 = 5;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
    packages: Vec<Package>,
    state: Status,
    latest: Vec<Latest>,
    base: String,
    /// The package that the shell lines buy.
    sample: String,
}

/// A package on offer.
struct Package {
    offer: Offer,
    /// What one credit costs.
    each: String,
    /// Whether one credit costs less than in any other.
    best: bool,
}

/// A payment of the visitor's.
struct Latest {
    id: PaymentId,
    package: String,
    price: String,
    at: String,
    status: &'static str,
    tone: &'static str,
}

/// `GET /`.
#[handler]
pub(crate) async fn show(request: &Request) -> Result<Response, Failure> {
    let portal = visitor::portal(request)?;
    let state = Status::read(&portal.store, portal.sandbox).await;
    let read = read(request, portal).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the start page lacks its data");
        (Page::plain(portal.sandbox), Vec::new(), Vec::new())
    });
    let (page, packages, latest) = read;
    let status = if state.up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let sample = packages.last().map_or("pro-200", |package| &package.offer.id).to_owned();
    let base = portal.base().to_owned();
    let page = page.at(Here::Home);
    let home = Home { page, packages, state, latest, base, sample };
    Ok(View::new(status, home.page.policy(), home).into_response())
}

async fn read(
    request: &Request,
    portal: &Portal,
) -> Result<(Page, Vec<Package>, Vec<Latest>), payments::Error> {
    let packages = offers(catalog::on_sale(&portal.store).await?);
    let Guest(Some(visitor)) = Guest::find(request, portal).await? else {
        return Ok((Page::plain(portal.sandbox), packages, Vec::new()));
    };
    let latest = latest(portal, &visitor).await?;
    Ok((Page::of(portal, &visitor).await?, packages, latest))
}

async fn latest(portal: &Portal, visitor: &Visitor) -> Result<Vec<Latest>, payments::Error> {
    let (user, all) = (&visitor.user().user_ref, Filter::default());
    let page = history::page(&portal.store, user, &all, None, LATEST).await?;
    Ok(page.entries.into_iter().map(Latest::from).collect())
}

fn offers(packages: Vec<package::Model>) -> Vec<Package> {
    // Compared in hundredths of the minor unit, so that no two differ by less than can be shown.
    let rate = |package: &package::Model| {
        package.amount.saturating_mul(100) / (package.credits + package.bonus_credits).max(1)
    };
    let lowest = packages.iter().map(rate).min();
    let several = packages.iter().any(|package| Some(rate(package)) != lowest);
    let offer = |package: package::Model| {
        let each = entities::Money::new((rate(&package) + 50) / 100, package.currency.clone());
        let best = several && Some(rate(&package)) == lowest;
        Package { each: words::money(&each), best, offer: Offer::from(package) }
    };
    packages.into_iter().map(offer).collect()
}

impl From<Entry> for Latest {
    fn from(Entry { payment, package }: Entry) -> Self {
        Self {
            id: payment.id,
            at: words::moment(payment.created_at),
            price: words::money(&payment.price()),
            status: words::status(payment.status),
            tone: words::tone(payment.status),
            package,
        }
    }
}
