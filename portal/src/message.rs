//! Pages that say why there is no other page.

use askama::Template;
use ingress::CashierError;
use poem::{IntoResponse, Response, error::ResponseError, http::StatusCode};

use crate::page::{Page, View};

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// There is nothing under this address.
    #[error("there is no such page")]
    NotFound,
    /// Another site's page sent the form.
    #[error("the form was sent by another site's page")]
    CrossSite,
    /// The payment could not be begun.
    #[error("the payment could not be begun")]
    Cashier(#[from] CashierError),
    /// Our own failure.
    #[error("the page cannot be made")]
    Payments(#[from] payments::Error),
}

impl ResponseError for Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Cashier(error) => cashier_status(error),
            Self::Payments(error) => payments_status(error),
        }
    }
}

fn cashier_status(error: &CashierError) -> StatusCode {
    match error {
        CashierError::Payments(error) => payments_status(error),
        CashierError::UnknownPayment => StatusCode::NOT_FOUND,
        CashierError::NotSetUp(_) | CashierError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        CashierError::NotBegun | CashierError::Refused(_) => StatusCode::BAD_GATEWAY,
        CashierError::Declined { .. }
        | CashierError::RequiresAction { .. }
        | CashierError::RequiresMethod
        | CashierError::Processing
        | CashierError::Canceled
        | CashierError::UnderReview => StatusCode::CONFLICT,
    }
}

fn payments_status(error: &payments::Error) -> StatusCode {
    match error {
        payments::Error::UnknownPackage(_) => StatusCode::NOT_FOUND,
        payments::Error::Invalid(_) => StatusCode::BAD_REQUEST,
        error if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    page: Page,
    status: u16,
    title: &'static str,
    text: &'static str,
}

/// The page for `error`, whoever raised it: one of ours, or the router.
pub(crate) fn of_error(error: &poem::Error, sandbox: bool) -> Response {
    let status = error.status();
    if status.is_server_error() {
        tracing::warn!(error = chain(error), status = status.as_u16(), "a page cannot be shown");
    }
    let (title, text) = words(status);
    let page = Page::new(sandbox);
    View(status, Message { page, status: status.as_u16(), title, text }).into_response()
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => ("There is nothing here", "The address may be mistyped or old."),
        StatusCode::FORBIDDEN => (
            "This came from another site",
            "Forms are taken from this server's own pages only, opened under its public address.",
        ),
        StatusCode::CONFLICT => {
            ("This cannot be paid", "The provider said no. Begin another payment.")
        }
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => (
            "That did not work just now",
            "A part of the system does not answer. Nothing was taken; try again in a moment.",
        ),
        status if status.is_server_error() => {
            ("That did not work", "The fault is ours, and it has been written down.")
        }
        _ => ("That was not understood", "Go back to the start page and try again."),
    }
}

fn chain(error: &poem::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.downcast_ref::<Failure>().and_then(std::error::Error::source);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
