//! Stripe's own pages to pay on: of a checkout session, and of a payment.

use std::sync::Arc;

use askama::Template;
use poem::{Response, http::StatusCode};
use url::Url;

use super::{
    checkout::{Offered, offer, offer_accounts},
    dashboard::tone,
    html, nothing_here, redirect, refused,
};
use crate::{
    Inner,
    api::{
        error::ApiError,
        params::{Params, flat},
    },
    lock,
    stripe::{Card, Intent, Session, Status, written},
};

#[derive(Template)]
#[template(path = "pay.html")]
struct Pay {
    /// Where the form is sent.
    action: String,
    secret: String,
    return_url: String,
    /// Where a payer goes who gives up.
    cancel_url: Option<String>,
    amount: String,
    description: Option<String>,
    status: &'static str,
    tone: &'static str,
    open: bool,
    error: Option<String>,
    cards: Vec<Offered>,
}

impl Inner {
    /// `GET /sandbox/checkout/{id}`: the page of a checkout session.
    pub(super) fn show_session(&self, id: &str) -> Response {
        match lock(&self.state).sessions.get(id) {
            Some(session) => html(StatusCode::OK, &Pay::of_session(session, None)),
            None => nothing_here(),
        }
    }

    /// `POST /sandbox/checkout/{id}`
    pub(super) fn pay_session(self: &Arc<Self>, id: &str, form: &Params) -> Response {
        let result = form
            .required("card")
            .map(method_data)
            .and_then(|method| self.as_page(|work| work.pay_session(id, &method)));
        let session = lock(&self.state).sessions.get(id).cloned();
        match (result, session) {
            (Ok(view), Some(session)) => {
                match view["next_action"]["redirect_to_url"]["url"].as_str() {
                    Some(url) => redirect(url),
                    None => redirect(&session.back()),
                }
            }
            (Err(error), Some(session)) => {
                let page = Pay::of_session(&session, Some(error.message().to_owned()));
                html(StatusCode::from_u16(error.status).unwrap_or_default(), &page)
            }
            (_, None) => nothing_here(),
        }
    }

    /// `GET /sandbox/pay/{id}`
    pub(super) fn show_payment(&self, id: &str, query: &Params) -> Response {
        let return_url = query.text("return_url").ok().flatten().unwrap_or_default().to_owned();
        match self.intent_for(id, query) {
            Ok(intent) => html(StatusCode::OK, &Pay::new(&intent, return_url, None)),
            Err(error) => refused(&error),
        }
    }

    /// `POST /sandbox/pay/{id}`
    pub(super) fn pay(self: &Arc<Self>, id: &str, form: &Params) -> Response {
        let intent = match self.intent_for(id, form) {
            Ok(intent) => intent,
            Err(error) => return refused(&error),
        };
        let return_url = form.text("return_url").ok().flatten().unwrap_or_default().to_owned();
        let result = confirmation(&intent, form, &return_url, &self.config.public_url)
            .and_then(|params| self.as_page(|work| work.confirm_intent(id, &params, true)));
        match result {
            Ok(view) => match view["next_action"]["redirect_to_url"]["url"].as_str() {
                Some(url) => redirect(url),
                None => self.return_from(id),
            },
            Err(error) => {
                let intent = lock(&self.state).intents.get(id).cloned().unwrap_or(intent);
                let page = Pay::new(&intent, return_url, Some(error.message().to_owned()));
                html(StatusCode::from_u16(error.status).unwrap_or_default(), &page)
            }
        }
    }

    /// Sends the payer back to the merchant, or shows what came of it.
    pub(super) fn return_from(&self, id: &str) -> Response {
        let Some(intent) = lock(&self.state).intents.get(id).cloned() else {
            return nothing_here();
        };
        if let Some(session) = &intent.session {
            // Declined: the payer chooses anew on the page that they came from.
            let again = format!("/sandbox/checkout/{session}");
            let back = intent.return_url.as_deref().filter(|_| !intent.status.is_open());
            return redirect(back.unwrap_or(&again));
        }
        let url = intent.return_url.as_deref().and_then(|url| Url::parse(url).ok());
        let Some(mut url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) else {
            let error = intent.last_error.as_ref().and_then(|error| error["message"].as_str());
            let error = error.map(str::to_owned);
            return html(StatusCode::OK, &Pay::new(&intent, String::new(), error));
        };
        let outcome = match intent.status {
            Status::RequiresPaymentMethod | Status::Canceled => "failed",
            _ => "succeeded",
        };
        url.query_pairs_mut()
            .append_pair("payment_intent", id)
            .append_pair("payment_intent_client_secret", &intent.client_secret)
            .append_pair("redirect_status", outcome);
        redirect(url.as_str())
    }
}

impl Pay {
    fn of_session(session: &Session, error: Option<String>) -> Self {
        Self {
            action: format!("/sandbox/checkout/{}", session.id),
            secret: String::new(),
            return_url: String::new(),
            cancel_url: session.cancel_url.clone(),
            amount: written(session.amount, &session.currency),
            description: Some(session.name.clone()),
            status: session.status,
            tone: if session.status == "complete" { "good" } else { "" },
            open: session.status == "open",
            error,
            cards: offer().into_iter().chain(offer_accounts()).collect(),
        }
    }

    fn new(intent: &Intent, return_url: String, error: Option<String>) -> Self {
        Self {
            action: format!("/sandbox/pay/{}", intent.id),
            secret: intent.client_secret.clone(),
            return_url,
            cancel_url: None,
            amount: written(intent.amount, &intent.currency),
            description: intent.description.clone(),
            status: intent.status.name(),
            tone: tone(intent.status),
            open: intent.status.is_open(),
            error,
            cards: offer(),
        }
    }
}

/// What Stripe's own page would send of the test card or the test account with this number.
fn method_data(number: &str) -> Vec<(&str, &str)> {
    if Card::numbered(number).is_some_and(Card::is_bank) {
        return vec![
            ("payment_method_data[type]", "us_bank_account"),
            ("payment_method_data[billing_details][name]", "Pat Payer"),
            ("payment_method_data[us_bank_account][routing_number]", "110000000"),
            ("payment_method_data[us_bank_account][account_number]", number),
        ];
    }
    vec![("payment_method_data[type]", "card"), ("payment_method_data[card][number]", number)]
}

/// What Stripe's own page would send.
fn confirmation(
    intent: &Intent,
    form: &Params,
    return_url: &str,
    pages: &str,
) -> Result<Params, ApiError> {
    let number = form.required("card")?;
    let own = format!("{pages}/sandbox/pay/{}?client_secret={}", intent.id, intent.client_secret);
    let back = match return_url {
        "" => intent.return_url.as_deref().unwrap_or(&own),
        url => url,
    };
    flat(&[
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", number),
        ("client_secret", &intent.client_secret),
        ("return_url", back),
    ])
}
