//! The admin desk: pages for support, finance and admins.
//!
//! **Invariants:** every page is a row of [`PAGES`]: the router, the navigation and the test of who
//! may see what are all made from it. What a page does needs [`guard::Staff`], which only the row's guard
//! hands out, so a page that nobody listed is seen by nobody.
//!
//! A page is a [`Sheet`](sheet::Sheet), filled from top to bottom with [`parts`]: notes, figures,
//! filters, tables, facts, forms. A form that is refused comes back filled in: see [`kept`]. To add one: a file of its own here, and its rows in [`pages`].

mod adjustments;
mod audit;
mod blocklist;
mod controls;
mod dashboard;
mod dispute_forms;
mod disputes;
mod events;
mod failed;
mod form;
mod guard;
mod jobs;
mod kept;
mod list;
mod pages;
mod parts;
mod queue;
mod reconciliation;
mod refunds;
mod replay;
mod revenue;
mod reviews;
mod sheet;
mod transactions;
mod upload;
mod users;
mod verify;
mod words;

pub use pages::{DeskPage, Verb};

use std::sync::Arc;

use poem::{EndpointExt, Route, RouteMethod, get, middleware::SizeLimit};

use guard::Guard;
use kept::Keeping;
use pages::PAGES;

/// Every page of the desk, for the test of who may see what.
pub fn desk_pages() -> &'static [DeskPage] {
    PAGES
}

/// `route` with the pages of the desk, each behind its guard.
pub(crate) fn routes(route: Route) -> Route {
    let looks = PAGES.iter().filter(|page| page.verb == Verb::Get);
    let looks = looks.fold(Route::new(), |looks, page| looks.at(page.path, get(Guard::new(page))));
    let looks = Arc::new(looks);
    let mut paths: Vec<&str> = PAGES.iter().map(|page| page.path).collect();
    paths.dedup();
    paths.into_iter().fold(route, |route, path| {
        let rows = PAGES.iter().filter(|page| page.path == path);
        let methods = rows.fold(RouteMethod::new(), |methods, page| {
            let guarded = Keeping::new(Guard::new(page), &looks);
            match page.verb {
                Verb::Get => methods.get(guarded),
                Verb::Post => methods.post(guarded.with(SizeLimit::new(page.limit))),
            }
        });
        route.at(path, methods)
    })
}
