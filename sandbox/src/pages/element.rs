//! The inside of the Payment Element: a form for a card or a bank account, in a frame of its own.

use askama::Template;
use poem::{Response, http::StatusCode};

use super::{
    FRAMED,
    checkout::{Offered, offer, offer_accounts},
    html_under,
};

#[derive(Template)]
#[template(path = "element.html")]
struct Element {
    cards: Vec<Offered>,
    accounts: Vec<Offered>,
}

/// `GET /sandbox/elements/payment`
pub(super) fn show() -> Response {
    html_under(FRAMED, StatusCode::OK, &Element { cards: offer(), accounts: offer_accounts() })
}
