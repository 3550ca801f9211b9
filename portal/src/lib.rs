//! HTTP for people: pages made on the server, their style compiled in.
//!
//! **Invariants:** no rule about money stands here and no query. A page shows what `payments` and
//! `jobs` say; a payment is begun by [`ingress::Cashier`] and in no other way. No page needs a
//! script, and none may load anything from elsewhere.

mod assets;
mod attempt;
mod home;
mod message;
mod origin;
mod page;
mod status;

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Route, get, middleware::SizeLimit, post};
use url::Url;

/// Most bytes of a form; ours have one short field.
const FORM_LIMIT: usize = 4_096;

/// What the pages work with.
#[derive(Clone, Debug)]
pub struct Portal {
    /// The database.
    pub store: payments::Store,
    /// Begins payments.
    pub cashier: ingress::Cashier,
    /// Whether the providers are played by this process, so that anybody may try.
    pub sandbox: bool,
    /// Where browsers reach us.
    pub public_url: Url,
}

impl Portal {
    /// [`Portal::public_url`] without a slash at its end, so that a path can follow.
    fn base(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }
}

/// The pages, to stand at `/` beside more specific routes; they answer for what nobody else has.
pub fn routes(portal: Portal) -> Route {
    let sandbox = portal.sandbox;
    let mut pages = Route::new()
        .at("/", get(home::show))
        .at(assets::CSS_PATH, get(assets::css))
        .at(assets::MARK_PATH, get(assets::mark));
    if sandbox {
        let begin = attempt::begin.around(origin::same_origin).with(SizeLimit::new(FORM_LIMIT));
        pages = pages.at("/try", post(begin)).at("/try/:payment", get(attempt::show));
    }
    Route::new().nest("/", finish(pages, Arc::new(portal)))
}

/// Gives every answer of `pages`, errors too, its form and its headers.
fn finish(pages: Route, portal: Arc<Portal>) -> impl Endpoint {
    let sandbox = portal.sandbox;
    pages
        .data(portal)
        .catch_all_error(move |error| async move { message::of_error(&error, sandbox) })
        .with(page::headers())
}

#[cfg(test)]
mod tests;
