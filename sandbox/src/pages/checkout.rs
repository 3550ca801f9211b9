//! What test cards come to: the bank's challenge, and the receipt.

use std::sync::Arc;

use askama::Template;
use poem::{Response, http::StatusCode};
use serde_json::Value;
use url::Url;

use super::{FRAMED, html, html_under, message, nothing_here, redirect, refused, written_time};
use crate::{
    Inner,
    api::{error::ApiError, params::Params},
    ids, lock,
    stripe::{Card, Intent, Origin, Setup, Status, check_secret, check_setup_secret, written},
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

/// The bank accounts on offer.
const ACCOUNTS: [(&str, &str); 3] = [
    ("000123456789", "Bank account, pays"),
    ("000222222227", "Bank account, no funds"),
    ("000111111113", "Bank account, closed"),
];

/// A test card, and what becomes of it.
pub(super) struct Offered {
    pub(super) number: &'static str,
    pub(super) label: &'static str,
    pub(super) last4: &'static str,
}

/// The cards on offer.
pub(super) fn offer() -> Vec<Offered> {
    offered(&OFFER)
}

/// The bank accounts on offer.
pub(super) fn offer_accounts() -> Vec<Offered> {
    offered(&ACCOUNTS)
}

fn offered(list: &'static [(&str, &str)]) -> Vec<Offered> {
    let known = list.iter().filter_map(|(number, label)| {
        let card = Card::numbered(number)?;
        Some(Offered { number, label, last4: card.last4() })
    });
    known.collect()
}

#[derive(Template)]
#[template(path = "challenge.html")]
struct Challenge {
    id: String,
    secret: String,
    /// What is to be charged; nothing where a card is only kept.
    amount: Option<String>,
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
    /// `GET /sandbox/3ds/{id}`
    pub(super) fn show_challenge(&self, id: &str, query: &Params) -> Response {
        let parent = query.text("parent").ok().flatten().unwrap_or_default().to_owned();
        match self.challenge_for(id, query) {
            Ok(challenge) => html_under(FRAMED, StatusCode::OK, &Challenge { parent, ..challenge }),
            Err(error) => refused(&error),
        }
    }

    /// `POST /sandbox/3ds/{id}`
    pub(super) fn answer_3ds(self: &Arc<Self>, id: &str, form: &Params) -> Response {
        let passed = match form.choice("answer", &["complete", "fail"]) {
            Ok(answer) => answer == Some("complete"),
            Err(error) => return refused(&error),
        };
        let result = self.challenge_for(id, form).and_then(|_| {
            self.as_page(|work| {
                if is_setup(id) {
                    work.answer_setup(id, passed)
                } else {
                    work.answer_challenge(id, passed)
                }
            })
        });
        match result {
            // A card may be declined after the challenge: the payer returns all the same.
            Err(error) if error.status != 402 => refused(&error),
            _ => self.answered(id),
        }
    }

    /// Closes the window that Stripe's script has opened, or sends the payer back.
    fn answered(&self, id: &str) -> Response {
        let state = lock(&self.state);
        let setup = state.setups.get(id).cloned();
        let intent = state.intents.get(id).cloned();
        drop(state);
        let challenge = match (&setup, &intent) {
            (Some(setup), _) if setup.in_page => Some(Challenge::of_setup(setup)),
            (_, Some(intent)) if intent.in_page => Some(Challenge::of_payment(intent)),
            _ => None,
        };
        match (challenge, setup) {
            // Whose window it is stands in the address that the form was sent to.
            (Some(challenge), _) => {
                let page = Challenge { open: false, answered: true, ..challenge };
                html_under(FRAMED, StatusCode::OK, &page)
            }
            (None, Some(setup)) => return_from_setup(&setup),
            (None, None) => self.return_from(id),
        }
    }

    /// The challenge of a payment or a setup, if `params` hold its client secret.
    fn challenge_for(&self, id: &str, params: &Params) -> Result<Challenge, ApiError> {
        if !is_setup(id) {
            return Ok(Challenge::of_payment(&self.intent_for(id, params)?));
        }
        let state = lock(&self.state);
        let missing = || ApiError::not_found("setupintent", id, "intent");
        let setup = state.setups.get(id).ok_or_else(missing)?;
        check_setup_secret(setup, params, true)?;
        Ok(Challenge::of_setup(setup))
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

    /// The intent, if `params` hold its client secret.
    pub(super) fn intent_for(&self, id: &str, params: &Params) -> Result<Intent, ApiError> {
        let state = lock(&self.state);
        let missing = || ApiError::not_found("payment_intent", id, "intent");
        let intent = state.intents.get(id).ok_or_else(missing)?;
        check_secret(intent, params, true)?;
        Ok(intent.clone())
    }

    /// Does `job` as a page does: without a key.
    pub(super) fn as_page<T>(
        self: &Arc<Self>,
        job: impl FnOnce(&mut crate::stripe::Work<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let origin = Origin { request: Some(ids::random("req_", 14)), key: None };
        self.work(origin, job)
    }
}

impl Challenge {
    fn of_payment(intent: &Intent) -> Self {
        Self {
            amount: Some(written(intent.amount, &intent.currency)),
            status: intent.status.name(),
            open: intent.status == Status::RequiresAction,
            id: intent.id.clone(),
            secret: intent.client_secret.clone(),
            answered: false,
            parent: String::new(),
        }
    }

    fn of_setup(setup: &Setup) -> Self {
        Self {
            amount: None,
            status: setup.status,
            open: setup.status == "requires_action",
            id: setup.id.clone(),
            secret: setup.client_secret.clone(),
            answered: false,
            parent: String::new(),
        }
    }
}

fn is_setup(id: &str) -> bool {
    id.starts_with("seti_")
}

/// Sends the payer back to the merchant who wants to keep their card.
fn return_from_setup(setup: &Setup) -> Response {
    let url = setup.return_url.as_deref().and_then(|url| Url::parse(url).ok());
    let Some(mut url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) else {
        return message(StatusCode::OK, "Thank you", "You can close this page.");
    };
    let outcome = if setup.status == "succeeded" { "succeeded" } else { "failed" };
    url.query_pairs_mut()
        .append_pair("setup_intent", &setup.id)
        .append_pair("setup_intent_client_secret", &setup.client_secret)
        .append_pair("redirect_status", outcome);
    redirect(url.as_str())
}

fn card_text(card: &Value) -> String {
    let text = |name: &str| card[name].as_str().unwrap_or_default();
    format!("{} •••• {}", text("brand"), text("last4"))
}
