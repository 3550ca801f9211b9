//! Paying with a test card, and the bank's challenge.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use poem::{Response, http::StatusCode};
use serde_json::Value;
use url::Url;

use super::{
    FRAMED, dashboard::tone, html, html_under, nothing_here, redirect, refused, written_time,
};
use crate::{
    Inner,
    api::{error::ApiError, params::Params, parse_form},
    ids, lock,
    stripe::{Card, Intent, Origin, Status, check_secret, written},
};

/// The cards on offer, and what becomes of them.
const OFFER: [(&str, &str); 7] = [
    ("4242424242424242", "Pays"),
    ("4000000000000002", "Declined"),
    ("4000000000009995", "Insufficient funds"),
    ("4000000000000069", "Expired"),
    ("4000000000000127", "Wrong security code"),
    ("4000000000000119", "Processing error"),
    ("4000002760003184", "3-D Secure"),
];

#[derive(Template)]
#[template(path = "pay.html")]
struct Pay {
    id: String,
    secret: String,
    return_url: String,
    amount: String,
    description: Option<String>,
    status: &'static str,
    tone: &'static str,
    open: bool,
    error: Option<String>,
    cards: Vec<Offered>,
}

/// A test card, and what becomes of it.
pub(super) struct Offered {
    pub(super) number: &'static str,
    pub(super) label: &'static str,
    pub(super) last4: &'static str,
}

/// The cards on offer.
pub(super) fn offer() -> Vec<Offered> {
    let cards = OFFER.iter().filter_map(|(number, label)| {
        let card = Card::numbered(number)?;
        Some(Offered { number, label, last4: card.last4() })
    });
    cards.collect()
}

#[derive(Template)]
#[template(path = "challenge.html")]
struct Challenge {
    id: String,
    secret: String,
    amount: String,
    status: &'static str,
    open: bool,
    /// Whether the payer has just answered.
    answered: bool,
    /// The origin of the page that shows this one in a frame; empty if none does.
    parent: String,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Receipt {
    id: String,
    amount: String,
    card: String,
    made: String,
}

impl Inner {
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

    /// `GET /sandbox/3ds/{id}`
    pub(super) fn show_challenge(&self, id: &str, query: &Params) -> Response {
        let parent = query.text("parent").ok().flatten().unwrap_or_default().to_owned();
        match self.intent_for(id, query) {
            Ok(intent) => {
                html_under(FRAMED, StatusCode::OK, &Challenge::new(intent, parent, false))
            }
            Err(error) => refused(&error),
        }
    }

    /// `POST /sandbox/3ds/{id}`
    pub(super) fn answer_3ds(self: &Arc<Self>, id: &str, form: &Params) -> Response {
        let passed = match form.choice("answer", &["complete", "fail"]) {
            Ok(answer) => answer == Some("complete"),
            Err(error) => return refused(&error),
        };
        let result = self
            .intent_for(id, form)
            .and_then(|_| self.as_page(|work| work.answer_challenge(id, passed)));
        match result {
            // A card may be declined after the challenge: the payer returns all the same.
            Err(error) if error.status != 402 => refused(&error),
            _ => self.answered(id),
        }
    }

    /// Closes the window that Stripe's script has opened, or sends the payer back.
    fn answered(&self, id: &str) -> Response {
        let intent = lock(&self.state).intents.get(id).cloned();
        match intent.filter(|intent| intent.in_page) {
            // Whose window it is stands in the address that the form was sent to.
            Some(intent) => {
                let page = Challenge::new(intent, String::new(), true);
                html_under(FRAMED, StatusCode::OK, &page)
            }
            None => self.return_from(id),
        }
    }

    /// `GET /sandbox/receipts/{id}`
    pub(super) fn show_receipt(&self, id: &str) -> Response {
        let state = lock(&self.state);
        let Some(charge) = state.charges.get(id) else { return nothing_here() };
        let view = charge.view();
        let page = Receipt {
            id: id.to_owned(),
            amount: written(charge.amount, &charge.currency),
            card: card_text(&view["payment_method_details"]["card"]),
            made: written_time(charge.created),
        };
        drop(state);
        html(StatusCode::OK, &page)
    }

    /// Sends the payer back to the merchant, or shows what came of it.
    fn return_from(&self, id: &str) -> Response {
        let Some(intent) = lock(&self.state).intents.get(id).cloned() else {
            return nothing_here();
        };
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

    /// The intent, if `params` hold its client secret.
    fn intent_for(&self, id: &str, params: &Params) -> Result<Intent, ApiError> {
        let state = lock(&self.state);
        let missing = || ApiError::not_found("payment_intent", id, "intent");
        let intent = state.intents.get(id).ok_or_else(missing)?;
        check_secret(intent, params, true)?;
        Ok(intent.clone())
    }

    fn as_page<T>(
        self: &Arc<Self>,
        job: impl FnOnce(&mut crate::stripe::Work<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let origin = Origin { request: Some(ids::random("req_", 14)), key: None };
        self.work(origin, job)
    }
}

impl Challenge {
    fn new(intent: Intent, parent: String, answered: bool) -> Self {
        Self {
            amount: written(intent.amount, &intent.currency),
            status: intent.status.name(),
            open: intent.status == Status::RequiresAction,
            id: intent.id,
            secret: intent.client_secret,
            answered,
            parent,
        }
    }
}

impl Pay {
    fn new(intent: &Intent, return_url: String, error: Option<String>) -> Self {
        Self {
            id: intent.id.clone(),
            secret: intent.client_secret.clone(),
            return_url,
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
    let fields = BTreeMap::from([
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", number),
        ("client_secret", &intent.client_secret),
        ("return_url", back),
    ]);
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    Ok(Params::new(parse_form(body.extend_pairs(fields).finish().as_bytes())?))
}

fn card_text(card: &Value) -> String {
    let text = |name: &str| card[name].as_str().unwrap_or_default();
    format!("{} •••• {}", text("brand"), text("last4"))
}
