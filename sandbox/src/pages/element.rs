//! The inside of the Payment Element: a form for a card, in a frame of its own.

use askama::Template;
use poem::{Response, http::StatusCode};

use super::{
    FRAMED,
    checkout::{Offered, offer},
    html_under,
};

#[derive(Template)]
#[template(path = "element.html")]
struct Element {
    cards: Vec<Offered>,
}

/// `GET /sandbox/elements/payment`
pub(super) fn show() -> Response {
    html_under(FRAMED, StatusCode::OK, &Element { cards: offer() })
}
