//! `PayPal`'s approval page, and a stand-in for its buttons.

use std::sync::Arc;

use askama::Template;
use poem::{
    Response,
    http::{StatusCode, header},
};
use url::Url;

use super::{html, message, nothing_here, redirect, refused};
use crate::{
    Inner,
    api::params::Params,
    lock,
    paypal::{Funding, Order},
};

/// The address that is filled in for those who only want to look around.
const EMAIL: &str = "payer@example.com";

/// Longest address of a payer.
const MAX_EMAIL: usize = 254;

#[derive(Template)]
#[template(path = "paypal_login.html")]
struct Login {
    order: Shown,
    email: &'static str,
}

#[derive(Template)]
#[template(path = "paypal_review.html")]
struct Review {
    order: Shown,
    email: String,
    choices: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "paypal_done.html")]
struct Done {
    id: String,
    payer: String,
    result: &'static str,
    origin: String,
    back: Option<String>,
}

struct Choice {
    name: &'static str,
    label: &'static str,
    effect: &'static str,
    chosen: bool,
}

/// An order as its payer sees it.
struct Shown {
    id: String,
    amount: String,
    merchant: String,
    description: Option<String>,
    /// The origin of the page that opened this one as a window; empty for a payer who was sent here.
    opener: String,
}

impl Inner {
    /// `GET /sandbox/paypal/checkoutnow?token=…`
    pub(super) fn show_approval(&self, query: &Params) -> Response {
        match self.open_order(query) {
            Ok(order) => {
                html(StatusCode::OK, &Login { order: Shown::new(&order, query), email: EMAIL })
            }
            Err(response) => *response,
        }
    }

    /// `POST /sandbox/paypal/checkoutnow`: log in, agree, or give up.
    pub(super) fn approve(self: &Arc<Self>, form: &Params) -> Response {
        let order = match self.open_order(form) {
            Ok(order) => order,
            Err(response) => return *response,
        };
        let email = form.text("email").ok().flatten().unwrap_or(EMAIL);
        let email = email.chars().take(MAX_EMAIL).collect::<String>();
        match form.choice("action", &["login", "agree", "cancel"]) {
            Ok(Some("agree")) => self.agree(&order, form, &email),
            Ok(Some("cancel")) => leave(&order, form, "canceled", order.cancel_url.as_deref()),
            Ok(_) => html(StatusCode::OK, &Review::new(&order, form, email)),
            Err(error) => refused(&error),
        }
    }

    fn agree(self: &Arc<Self>, order: &Order, form: &Params, email: &str) -> Response {
        let funding = form.text("funding").ok().flatten().and_then(Funding::named);
        let Some(funding) = funding else {
            return message(StatusCode::BAD_REQUEST, "That did not work", "Choose how to pay.");
        };
        match self.paypal_work(|work| work.approve(&order.id, funding, email)) {
            Ok(()) => {
                let order = lock(&self.paypal).orders.get(&order.id).cloned();
                order.map_or_else(nothing_here, |order| {
                    leave(&order, form, "approved", order.return_url.as_deref())
                })
            }
            Err(refusal) => message(StatusCode::CONFLICT, "That did not work", refusal.reason()),
        }
    }

    /// `POST /sandbox/paypal/orders/{id}/settle`, from the dashboard.
    pub(super) fn form_settle(self: &Arc<Self>, id: &str, form: &Params) -> Response {
        let paid = form.boolean("paid").ok().flatten().unwrap_or_default();
        match self.paypal_work(|work| work.settle_capture(id, paid)) {
            Ok(()) => redirect("/sandbox"),
            Err(_) => message(StatusCode::NOT_FOUND, "Nothing here", "No such pending payment."),
        }
    }

    /// The order that `params` name, if its payer has still something to do.
    fn open_order(&self, params: &Params) -> Result<Order, Box<Response>> {
        let id = params.text("token").ok().flatten().unwrap_or_default();
        let order = lock(&self.paypal).orders.get(id).cloned();
        let order = order.ok_or_else(|| Box::new(nothing_here()))?;
        if order.status.is_open() {
            return Ok(order);
        }
        let text = "This payment was made already.";
        Err(Box::new(message(StatusCode::CONFLICT, "Nothing to pay", text)))
    }
}

/// Sends the payer back: by closing the window, or by the address that the merchant gave.
fn leave(order: &Order, form: &Params, result: &'static str, back: Option<&str>) -> Response {
    let payer = order.payer.as_ref().map(|payer| payer.id.clone()).unwrap_or_default();
    let back = back.and_then(|url| Url::parse(url).ok()).map(|mut url| {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("token", &order.id);
        if result == "approved" {
            pairs.append_pair("PayerID", &payer);
        }
        drop(pairs);
        String::from(url)
    });
    let origin = opener(form);
    match back {
        Some(url) if origin.is_empty() => redirect(&url),
        back => html(StatusCode::OK, &Done { id: order.id.clone(), payer, result, origin, back }),
    }
}

/// The origin of the page that opened this one, if one did.
fn opener(params: &Params) -> String {
    let text = params.text("opener").ok().flatten().unwrap_or_default();
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

impl Shown {
    fn new(order: &Order, params: &Params) -> Self {
        Self {
            id: order.id.clone(),
            amount: format!("{} {}", order.amount, order.currency),
            merchant: order.brand.clone().unwrap_or_else(|| "Test shop".to_owned()),
            description: order.description.clone(),
            opener: opener(params),
        }
    }
}

impl Review {
    fn new(order: &Order, form: &Params, email: String) -> Self {
        let first = if order.source == Some("venmo") { Funding::Venmo } else { Funding::Balance };
        let choices = Funding::ALL.into_iter().map(|funding| {
            let (label, effect) = funding.label();
            Choice { name: funding.name(), label, effect, chosen: funding == first }
        });
        Self { order: Shown::new(order, form), email, choices: choices.collect() }
    }
}

/// `GET /sandbox/paypal/sdk/js`
pub(super) fn sdk() -> Response {
    script(include_str!("../../assets/paypal_sdk.js"))
}

/// `GET /sandbox/paypal/popup.js`
pub(super) fn popup() -> Response {
    script(include_str!("../../assets/paypal_popup.js"))
}

fn script(text: &'static str) -> Response {
    Response::builder()
        .content_type("text/javascript; charset=utf-8")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        // Pages of other origins may load it, as they load PayPal's.
        .header("cross-origin-resource-policy", "cross-origin")
        .body(text)
}
