//! The inside of the Express Checkout Element, and the sheet of a wallet: each in a frame of its own.

use askama::Template;
use poem::{Response, http::StatusCode};

use super::{FRAMED, html_under, nothing_here, refused};
use crate::{
    api::{error::ApiError, params::Params},
    stripe::{Card, written},
};

/// The wallets, as Stripe and as people call them.
const WALLETS: [(&str, &str); 2] = [("apple_pay", "Apple Pay"), ("google_pay", "Google Pay")];

/// The cards in every wallet: what follows `tok_` in their tokens, and what becomes of them.
const CARDS: [(&str, &str); 3] = [
    ("visa", "Pays"),
    ("visa_chargeDeclined", "Declined"),
    ("authenticationRequired", "3-D Secure"),
];

#[derive(Template)]
#[template(path = "express.html")]
struct Buttons {
    wallets: [(&'static str, &'static str); 2],
}

#[derive(Template)]
#[template(path = "wallet.html")]
struct Sheet {
    name: &'static str,
    amount: String,
    /// What is bought, in the shop's words; empty if it did not say.
    item: String,
    cards: Vec<InWallet>,
}

/// A card in a wallet.
struct InWallet {
    token: String,
    label: &'static str,
    last4: &'static str,
}

/// `GET /sandbox/elements/express`
pub(super) fn show_buttons() -> Response {
    html_under(FRAMED, StatusCode::OK, &Buttons { wallets: WALLETS })
}

/// `GET /sandbox/elements/wallet?wallet=…&amount=…&currency=…&item=…`
pub(super) fn show_sheet(query: &Params) -> Response {
    match sheet(query) {
        Ok(Some(sheet)) => html_under(FRAMED, StatusCode::OK, &sheet),
        Ok(None) => nothing_here(),
        Err(error) => refused(&error),
    }
}

/// `None` if there is no such wallet.
fn sheet(query: &Params) -> Result<Option<Sheet>, ApiError> {
    let wanted = query.required("wallet")?;
    let amount = query.integer("amount")?.unwrap_or_default();
    let currency = query.filled("currency")?.unwrap_or("usd");
    let Some((wallet, name)) = WALLETS.into_iter().find(|(wallet, _)| *wallet == wanted) else {
        return Ok(None);
    };
    let cards = CARDS.into_iter().filter_map(|(card, label)| {
        let last4 = Card::tokened(&format!("tok_{card}"))?.last4();
        Some(InWallet { token: format!("tok_{wallet}_{card}"), label, last4 })
    });
    Ok(Some(Sheet {
        name,
        amount: written(amount, currency),
        item: query.text("item")?.unwrap_or_default().to_owned(),
        cards: cards.collect(),
    }))
}
