//! The checkout page: a package, and a card typed into Stripe's own form, or PayPal's buttons.

use std::sync::Arc;

use askama::Template;
use entities::{MethodId, PaymentId, Provider, package};
use ingress::{Problem, ReturnTo};
use payments::catalog;
use poem::{
    IntoResponse, Response,
    error::ResponseError,
    handler,
    http::header,
    web::{Data, Json, Path, Query},
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::{
    Portal,
    assets::{CHECKOUT_SCRIPT, Script},
    message::Failure,
    methods::{self, Saved},
    page::{Page, View},
    paypal::Buttons,
    sign_in::go,
    visitor::{Act, Visitor},
    words,
};

/// Stripe's script, of the version that goes with our version of its API; it may be loaded from
/// here and from nowhere else.
const STRIPE_JS: &str = "https://js.stripe.com/endive/stripe.js";

/// The sandbox's stand-in for it.
const SANDBOX_JS: &str = "/sandbox/stripe.js";

#[derive(Template)]
#[template(path = "checkout.html")]
struct Checkout {
    page: Page,
    package: Offer,
    email: Option<String>,
    csrf: String,
    base: String,
    stripe: Option<Stripe>,
    /// What can be paid with at one press.
    saved: Vec<Saved>,
    paypal: Option<Buttons>,
    /// Whether the payer has just come back from PayPal without paying.
    canceled: bool,
    /// Likewise from Stripe.
    left_stripe: bool,
}

/// Whether what is typed on the provider's page is to be saved.
#[derive(Deserialize)]
pub(crate) struct Leaving {
    #[serde(default)]
    keep: Option<String>,
}

/// How the payer came here.
#[derive(Deserialize)]
pub(crate) struct Whence {
    #[serde(default)]
    canceled: String,
}

/// What a page's script needs to know of Stripe.
pub(crate) struct Stripe {
    pub(crate) script: &'static str,
    pub(crate) ours: &'static Script,
    pub(crate) key: String,
    pub(crate) account: Option<String>,
    /// Whether payers are sent to a page of Stripe's.
    pub(crate) hosted: bool,
}

/// A package as it is sold.
pub(crate) struct Offer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) price: String,
    pub(crate) minor: i64,
    pub(crate) currency: String,
    pub(crate) credits: i64,
    pub(crate) bonus: i64,
    pub(crate) total: String,
}

/// How the visitor wants to pay.
#[derive(Deserialize)]
pub(crate) struct Wish {
    /// A method that they saved; without, one that they type.
    #[serde(default)]
    method: Option<MethodId>,
    /// Sent, whatever it is, to save what they type.
    #[serde(default)]
    keep: Option<String>,
}

/// A payment that the page can go on with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun<'a> {
    payment: PaymentId,
    client_secret: &'a str,
}

/// `GET /checkout/{package}`.
#[handler]
pub(crate) async fn show(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Path(package): Path<String>,
    Query(whence): Query<Whence>,
) -> Result<Response, Failure> {
    let package = catalog::find(&portal.store, &package).await?;
    let package = Offer::from(package);
    let mut page = Page::of(portal, &visitor).await?;
    let mut saved = methods::saved(portal, &visitor).await?;
    saved.retain(|method| !method.expired);
    let stripe = Stripe::of(portal);
    let paypal = portal.paypal.as_ref();
    let paypal = paypal.map(|paypal| Buttons::new(paypal, portal.sandbox, &package));
    page = match &stripe {
        Some(stripe) if stripe.hosted => page.with_stripe_page(),
        Some(_) => page.with_stripe(),
        None => page,
    };
    page = if paypal.is_some() { page.with_paypal() } else { page };
    let checkout = Checkout {
        package,
        email: visitor.email().map(str::to_owned),
        csrf: visitor.csrf(),
        base: portal.base().to_owned(),
        stripe,
        saved,
        left_stripe: whence.canceled == "stripe",
        canceled: paypal.is_some() && whence.canceled == "paypal",
        paypal,
        page,
    };
    Ok(View::ok(checkout.page.policy(), checkout).into_response())
}

/// `POST /checkout/{package}`: begins the payment that the page's script goes on with.
#[handler]
pub(crate) async fn begin(
    Act(visitor, wish): Act<Wish>,
    Data(portal): Data<&Arc<Portal>>,
    Path(package): Path<String>,
) -> Response {
    let (from, keep) = (visitor.from(), wish.keep.is_some());
    let method = wish.method.map(|id| id.to_string());
    let begun =
        portal.cashier.begin_with(from, &package, method.as_deref(), keep, Provider::Stripe);
    match begun.await {
        Ok(begun) => {
            let client_secret = begun.client_secret.expose_secret();
            Json(Begun { payment: begun.payment_id, client_secret })
                .with_header(header::CACHE_CONTROL, "no-store")
                .into_response()
        }
        Err(error) => Problem::from(error).as_response(),
    }
}

/// `POST /checkout/{package}/stripe`: begins a payment, and sends the payer to Stripe's page for it.
#[handler]
pub(crate) async fn leave(
    Act(visitor, leaving): Act<Leaving>,
    Data(portal): Data<&Arc<Portal>>,
    Path(package): Path<String>,
) -> Result<Response, Failure> {
    let (from, keep) = (visitor.from(), leaving.keep.is_some());
    let return_to = |payment| {
        let mut canceled = portal.page(&format!("/checkout/{package}"));
        canceled.set_query(Some("canceled=stripe"));
        ReturnTo { approved: portal.page(&format!("/payments/{payment}")), canceled }
    };
    let begun =
        portal.cashier.begin_hosted(from, &package, keep, Provider::Stripe, return_to).await?;
    Ok(go(&begun.url))
}

impl Stripe {
    /// `None` if no card can be typed.
    pub(crate) fn of(portal: &Portal) -> Option<Self> {
        let Some(stripe) = &portal.stripe else {
            tracing::warn!("no card can be typed: STRIPE_PUBLISHABLE_KEY is not set");
            return None;
        };
        Some(Self {
            script: if portal.sandbox { SANDBOX_JS } else { STRIPE_JS },
            ours: &CHECKOUT_SCRIPT,
            key: stripe.publishable_key.clone(),
            account: stripe.account.clone(),
            hosted: stripe.hosted,
        })
    }
}

impl From<package::Model> for Offer {
    fn from(package: package::Model) -> Self {
        let price = package.price();
        Self {
            price: words::money(&price),
            minor: price.minor,
            currency: price.currency.code().to_owned(),
            credits: package.credits,
            bonus: package.bonus_credits,
            total: words::credits(package.credits + package.bonus_credits),
            id: package.id,
            name: package.name,
        }
    }
}
