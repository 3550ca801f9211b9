//! Pages that say why there is no other page.

use std::borrow::Cow;

use askama::Template;
use ingress::{CashierError, Problem};
use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{StatusCode, header},
};

use url::form_urlencoded;

use crate::{
    page::{Page, View},
    sign_in::go,
};

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// There is nothing under this address.
    #[error("there is no such page")]
    NotFound,
    /// Another site's page sent the form, or it belongs to a session that has ended.
    #[error("the form was not sent by a page of this session")]
    CrossSite,
    /// Nobody knows who is asking.
    #[error("the visitor has not signed in")]
    SignedOut {
        /// Where they wanted to go.
        next: String,
    },
    /// It takes a role that the visitor does not have.
    #[error("the visitor does not have the role")]
    Forbidden,
    /// What is to be done takes somebody who has just signed in.
    #[error("the visitor signed in too long ago")]
    SignInAgain {
        /// Where they wanted to go.
        next: String,
    },
    /// It cannot be done, for a reason that a person can understand.
    #[error("{text}")]
    Refused {
        /// Why.
        text: String,
        /// The page where they can see how things are now.
        back: String,
    },
    /// The payment could not be begun.
    #[error("the payment could not be begun")]
    Cashier(#[from] CashierError),
    /// What the API says too.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// A part of a page cannot be written.
    #[error("a part of the page cannot be written")]
    Part(#[from] askama::Error),
    /// Our own failure.
    #[error("the page cannot be made")]
    Payments(#[from] payments::Error),
}

impl ResponseError for Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::CrossSite | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::SignedOut { .. } | Self::SignInAgain { .. } => StatusCode::UNAUTHORIZED,
            Self::Refused { .. } => StatusCode::CONFLICT,
            Self::Cashier(error) => cashier_status(error),
            Self::Problem(problem) => problem.status(),
            Self::Part(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Payments(error) => payments_status(error),
        }
    }
}

fn cashier_status(error: &CashierError) -> StatusCode {
    match error {
        CashierError::Payments(error) => payments_status(error),
        CashierError::UnknownPayment | CashierError::UnknownMethod => StatusCode::NOT_FOUND,
        CashierError::NotSetUp(_) | CashierError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        CashierError::NotBegun | CashierError::Refused(_) => StatusCode::BAD_GATEWAY,
        CashierError::Declined { .. }
        | CashierError::RequiresAction { .. }
        | CashierError::RequiresMethod
        | CashierError::Processing
        | CashierError::Canceled
        | CashierError::NoReceipt
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
    text: Cow<'static, str>,
    /// Where to go on, and what the button says.
    on: (Cow<'static, str>, &'static str),
}

/// The page for `error`, whoever raised it: one of ours, or the router.
pub(crate) fn of_error(error: &poem::Error, sandbox: bool) -> Response {
    let status = error.status();
    let failure: Option<&Failure> = error.downcast_ref();
    match failure.filter(|_| sandbox) {
        Some(Failure::SignedOut { next }) => return go(&sign_in(next, "")),
        Some(Failure::SignInAgain { next }) => return go(&sign_in(next, "&again=1")),
        _ => {}
    }
    if status.is_server_error() {
        tracing::warn!(error = chain(error), status = status.as_u16(), "a page cannot be shown");
    }
    let (title, text) = failure.and_then(of_failure).unwrap_or_else(|| {
        let (title, text) = words(status);
        (title, text.into())
    });
    let on = match failure {
        Some(Failure::Refused { back, .. }) => (Cow::Owned(back.clone()), "See how it is now"),
        _ => (Cow::Borrowed("/"), "To the start page"),
    };
    let page = Page::plain(sandbox);
    let message = Message { page, status: status.as_u16(), title, text, on };
    let mut answer = View::new(status, message.page.policy(), message).into_response();
    if let Some(Failure::Problem(Problem::TooMany(standing))) = failure {
        let seconds = standing.reset.as_secs() + 1;
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}

fn sign_in(next: &str, more: &str) -> String {
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("/sign-in?next={next}{more}")
}

/// What the status alone does not say.
fn of_failure(failure: &Failure) -> Option<(&'static str, Cow<'static, str>)> {
    match failure {
        Failure::Forbidden => Some((
            "This is not for you",
            "It takes another role than yours. Ask an admin of your application if you need it."
                .into(),
        )),
        Failure::SignInAgain { .. } => Some((
            "Please sign in again",
            "You signed in a while ago, and what you are about to do cannot be taken back. Open \
             the desk anew from your application, and do it again. Nothing was changed."
                .into(),
        )),
        Failure::Refused { text, .. } => Some(("That was not done", text.clone().into())),
        _ => None,
    }
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => ("There is nothing here", "The address may be mistyped or old."),
        StatusCode::UNAUTHORIZED => (
            "You are not signed in",
            "Open this page from the application that you buy credits for; it signs you in. If you \
             were here a while ago, your session has ended.",
        ),
        StatusCode::FORBIDDEN => (
            "This form is not from here",
            "It came from another site's page, or from a session that has ended. Go back, reload \
             the page and send it again.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "That is too large",
            "It was not read, and nothing was changed. Go back, and send less: shorter words, or \
             smaller files.",
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            ("That was too often", "Wait a minute, and then try again.")
        }
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
