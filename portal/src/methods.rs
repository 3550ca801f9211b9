//! Saved ways to pay: seen, added in the provider's own form, taken off (`002-PM4`).

use std::sync::Arc;

use askama::Template;
use entities::{MethodId, Timestamp, payment_method};
use ingress::Problem;
use poem::{
    IntoResponse, Response,
    error::ResponseError,
    handler,
    http::header,
    web::{Data, Json, Path},
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::{
    Portal,
    checkout::Stripe,
    message::Failure,
    page::{Here, Page, View},
    sign_in::{Nothing, go},
    visitor::{Act, Visitor},
    words,
};

#[derive(Template)]
#[template(path = "methods.html")]
struct Methods {
    page: Page,
    saved: Vec<Saved>,
    csrf: String,
    base: String,
    stripe: Option<Stripe>,
}

/// A saved method as it is shown.
pub(crate) struct Saved {
    pub(crate) id: MethodId,
    /// `Visa •••• 4242`.
    pub(crate) name: String,
    /// `12/34`, if it ever expires.
    pub(crate) until: Option<String>,
    pub(crate) expired: bool,
    /// The day it was saved.
    since: String,
}

/// The setup that the page's script goes on with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun<'a> {
    client_secret: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct Kept {
    /// The provider's name of what was saved.
    token: String,
}

/// `GET /methods`.
#[handler]
pub(crate) async fn show(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    let methods = Methods {
        saved: saved(portal, &visitor).await?,
        csrf: visitor.csrf(),
        base: portal.base().to_owned(),
        stripe: Stripe::of(portal),
        page: Page::of(portal, &visitor).await?.at(Here::Methods).with_stripe(),
    };
    Ok(View::ok(methods.page.policy(), methods).into_response())
}

/// `POST /methods`: begins to save a method that is then typed into the provider's form.
#[handler]
pub(crate) async fn begin(
    Act(visitor, Nothing {}): Act<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
) -> Response {
    match portal.cashier.begin_setup(visitor.user()).await {
        Ok(begun) => Json(Begun { client_secret: begun.client_secret.expose_secret() })
            .with_header(header::CACHE_CONTROL, "no-store")
            .into_response(),
        Err(error) => Problem::from(error).as_response(),
    }
}

/// `POST /methods/keep`: notes what the provider has saved, so that nobody waits for its event.
#[handler]
pub(crate) async fn keep(
    Act(visitor, Kept { token }): Act<Kept>,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    if !token.starts_with("pm_") {
        return Err(Failure::NotFound);
    }
    portal.cashier.keep_method(visitor.user(), &token).await?;
    Ok(go("/methods"))
}

/// `POST /methods/{method}/remove`.
#[handler]
pub(crate) async fn remove(
    Act(visitor, Nothing {}): Act<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: MethodId = id.parse().map_err(|_| Failure::NotFound)?;
    portal.cashier.forget_method(visitor.user(), id).await?;
    Ok(go("/methods"))
}

/// What the visitor saved, newest first; nothing where nobody keeps anything.
pub(crate) async fn saved(portal: &Portal, visitor: &Visitor) -> Result<Vec<Saved>, Failure> {
    if portal.stripe.is_none() {
        return Ok(Vec::new());
    }
    let now = portal.store.clock.now();
    let methods = portal.cashier.methods(visitor.user()).await?;
    Ok(methods.iter().map(|method| Saved::new(method, now)).collect())
}

impl Saved {
    fn new(method: &payment_method::Model, now: Timestamp) -> Self {
        let until = method.exp_year.zip(method.exp_month);
        let today = now.datetime();
        let this_month = (i64::from(today.year()), i64::from(u8::from(today.month())));
        Self {
            id: method.id,
            name: words::method(
                method.kind.as_deref(),
                method.brand.as_deref(),
                method.last4.as_deref(),
            ),
            expired: until.is_some_and(|until| until < this_month),
            until: until.map(|(year, month)| format!("{month:02}/{:02}", year % 100)),
            since: words::day(method.created_at),
        }
    }
}
