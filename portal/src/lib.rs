//! HTTP for people: pages made on the server, their style, font and scripts compiled in.
//!
//! **Invariants:** no rule about money stands here and no query. A page shows what `payments` and
//! `jobs` say; a payment is begun and looked up by [`ingress::Cashier`] and in no other way. A page
//! loads nothing from elsewhere but the provider's own script, on the page where the payer pays.
//! What changes something is a form with the visitor's own token in it.

mod assets;
mod billing;
mod checkout;
mod desk;
mod home;
mod message;
mod methods;
mod origin;
mod page;
mod payment;
mod paypal;
mod sign_in;
mod status;
mod visitor;
mod words;

pub use desk::{DeskPage, Verb, desk_pages};

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, PathPattern, Route, get, middleware::SizeLimit, post};
use url::Url;

/// Most bytes of a form. The largest holds a token of the host application.
const FORM_LIMIT: usize = 16 * 1_024;

/// What the pages work with.
#[derive(Clone, Debug)]
pub struct Portal {
    /// The database.
    pub store: payments::Store,
    /// Begins payments.
    pub cashier: ingress::Cashier,
    /// Feeds events in again.
    pub replayer: ingress::Replayer,
    /// Asks the providers for what never reached us.
    pub reconciler: ingress::Reconciler,
    /// How often an address may try to sign in.
    pub sign_ins: ingress::SignIns,
    /// What this process has measured.
    pub metrics: boot::telemetry::Metrics,
    /// The seller's rules about refunds.
    pub refunds: payments::core::RefundPolicy,
    /// From when on changing a balance by hand takes two people.
    pub adjustments: payments::core::AdjustmentPolicy,
    /// Makes invoices and tables.
    pub files: ingress::Files,
    /// Proves the host application's tokens, which open sessions.
    pub token_key: ingress::TokenKey,
    /// Whether the providers are played by this process, so that anybody may sign in as anybody.
    pub sandbox: bool,
    /// Where browsers reach us.
    pub public_url: Url,
    /// Origins whose pages may open a session with a token: the host application's.
    pub hosts: Vec<String>,
    /// How the checkout page reaches Stripe; without it no card can be typed.
    pub stripe: Option<StripeJs>,
    /// How the checkout page reaches PayPal; without it nobody can pay there.
    pub paypal: Option<PaypalJs>,
}

/// How a browser reaches PayPal.
#[derive(Clone, Debug)]
pub struct PaypalJs {
    /// The app's client id; public by nature.
    pub client_id: String,
}

/// How a browser reaches Stripe.
#[derive(Clone, Debug)]
pub struct StripeJs {
    /// `pk_…`; public by nature.
    pub publishable_key: String,
    /// The connected account to act for, `acct_…`.
    pub account: Option<String>,
    /// Whether payers are sent to a page of Stripe's, instead of its form being part of ours.
    pub hosted: bool,
}

impl Portal {
    /// [`Portal::public_url`] without a slash at its end, so that a path can follow.
    fn base(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }

    /// The address of the page at `path`.
    fn page(&self, path: &str) -> Url {
        let mut url = self.public_url.clone();
        url.set_path(path);
        url
    }
}

/// The pages, to stand at `/` beside more specific routes; they answer for what nobody else has.
pub fn routes(portal: Portal) -> Route {
    let limit = || SizeLimit::new(FORM_LIMIT);
    let pages = Route::new()
        .at("/", get(home::show))
        .at("/sign-in", get(sign_in::show).post(sign_in::choose.with(limit())))
        .at("/sign-out", post(sign_in::leave.with(limit())))
        .at("/checkout/paypal/return", get(paypal::came_back))
        .at("/checkout/paypal/cancel", get(paypal::gave_up))
        .at("/checkout/:package/stripe", post(checkout::leave.with(limit())))
        .at("/checkout/:package/paypal", post(paypal::leave.with(limit())))
        .at("/checkout/:package/paypal/order", post(paypal::order.with(limit())))
        .at("/checkout/:package", get(checkout::show).post(checkout::begin.with(limit())))
        .at("/billing", get(billing::show))
        .at("/billing/export.csv", get(billing::export))
        .at("/methods", get(methods::show).post(methods::begin.with(limit())))
        .at("/methods/keep", post(methods::keep.with(limit())))
        .at("/methods/:method/remove", post(methods::remove.with(limit())))
        .at("/payments/:payment", get(payment::show))
        .at("/payments/:payment/live", get(payment::live))
        .at("/payments/:payment/paypal", get(payment::resume))
        .at("/payments/:payment/stripe", get(payment::resume))
        .at("/payments/:payment/invoice.pdf", get(payment::invoice))
        .at("/payments/:payment/receipt", post(payment::resend.with(limit())))
        .at("/payments/:payment/check", post(payment::check.with(limit())));
    let pages = desk::routes(pages);
    let pages = assets::FILES
        .iter()
        .fold(pages, |pages, file| pages.at(file.path, get(assets::Serve::new(file))))
        .around(origin::same_origin);
    let session = sign_in::by_token.with(limit());
    let pages = Route::new().nest("/", pages).at("/session", post(session));
    Route::new().nest("/", finish(pages, Arc::new(portal)))
}

/// Gives every answer of `pages`, errors too, its form and its headers.
fn finish(pages: Route, portal: Arc<Portal>) -> impl Endpoint {
    let sandbox = portal.sandbox;
    pages
        .data(portal)
        .catch_all_error(move |error| async move {
            let mut answer = message::of_error(&error, sandbox);
            // So that figures know which page it was.
            if let Some(route) = error.data::<PathPattern>() {
                answer.set_data(route.clone());
            }
            answer
        })
        .around(page::headers)
}

#[cfg(test)]
mod tests;
