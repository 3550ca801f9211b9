//! Errors as RFC 9457 problem documents.

use std::time::Duration;

use gateways::WebhookError;
use poem::{Response, error::ResponseError, http::StatusCode};
use serde_json::{Value, json};

use crate::CashierError;

/// The only error a handler returns.
///
/// The variants are the API: a client may tell them apart, and nothing finer.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The path names no provider that is set up.
    #[error("no provider of that name is set up here")]
    UnknownProvider,
    /// The sender did not prove to be the provider.
    #[error("the request is not provably from the provider")]
    Unverified(#[source] WebhookError),
    /// The provider is genuine, but what it sent cannot be read.
    #[error("the event cannot be read")]
    Unreadable(#[source] WebhookError),
    /// The body is too large.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The body did not arrive in time, or not whole.
    #[error("the body did not arrive in time")]
    Incomplete,
    /// The body is not what the endpoint takes.
    #[error("the body is not what this endpoint takes")]
    Malformed(String),
    /// No token, or one that proves nothing.
    #[error("a valid bearer token is needed")]
    Unauthenticated(&'static str),
    /// Too much at once.
    #[error("too many requests; wait and try again")]
    TooMany(Duration),
    /// Our own failure; the sender should try again.
    #[error("this could not be stored, send it again")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A payment that cannot be begun or confirmed.
    #[error("{}", title(.0))]
    Cashier(CashierError),
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Signature | WebhookError::Stale => Self::Unverified(error),
            WebhookError::Malformed(_) => Self::Unreadable(error),
            WebhookError::Unproven(_) => Self::Unavailable(error.into()),
        }
    }
}

impl From<CashierError> for Problem {
    fn from(error: CashierError) -> Self {
        Self::Cashier(error)
    }
}

impl From<payments::Error> for Problem {
    fn from(error: payments::Error) -> Self {
        Self::Cashier(error.into())
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.parts().0
    }

    /// Shows the client our own sentence, and the log the whole chain of causes.
    fn as_response(&self) -> Response {
        let (status, code) = self.parts();
        if status.is_server_error() {
            tracing::error!(code, error = %chain(self), "failed to serve a request");
        } else {
            tracing::info!(code, error = %chain(self), "turned a request away");
        }
        let mut body = json!({
            "type": format!("/problems/{code}"),
            "title": self.to_string(),
            "status": status.as_u16(),
            "success": false,
            "code": code,
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, self.more()) {
            body.extend(more);
        }
        let mut response = Response::builder()
            .status(status)
            .content_type("application/problem+json")
            .header("cache-control", "no-store");
        if let Some(wait) = self.wait() {
            response = response.header("retry-after", wait.as_secs().max(1));
        }
        if status == StatusCode::UNAUTHORIZED && matches!(self, Self::Unauthenticated(_)) {
            response = response.header("www-authenticate", "Bearer");
        }
        response.body(body.to_string())
    }
}

impl Problem {
    /// The status and the stable code; one exhaustive match, so that no error is forgotten.
    fn parts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::UnknownProvider => (StatusCode::NOT_FOUND, "unknown_provider"),
            Self::Unverified(_) => (StatusCode::UNAUTHORIZED, "unverified"),
            Self::Unreadable(_) => (StatusCode::BAD_REQUEST, "unreadable"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Incomplete => (StatusCode::REQUEST_TIMEOUT, "incomplete"),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed"),
            Self::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Cashier(error) => cashier_parts(error),
        }
    }

    /// What else a client may want to know.
    fn more(&self) -> Value {
        match self {
            Self::Malformed(detail) => json!({ "detail": detail }),
            Self::Unauthenticated(detail) => json!({ "detail": detail }),
            Self::Cashier(error) => cashier_more(error),
            Self::UnknownProvider
            | Self::Unverified(_)
            | Self::Unreadable(_)
            | Self::TooLarge(_)
            | Self::Incomplete
            | Self::TooMany(_)
            | Self::Unavailable(_) => json!({}),
        }
    }

    fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooMany(wait) => Some(*wait),
            Self::Unavailable(_) => Some(Duration::from_secs(1)),
            Self::Cashier(CashierError::Unavailable(_) | CashierError::Processing) => {
                Some(Duration::from_secs(2))
            }
            _ => None,
        }
    }
}

fn title(error: &CashierError) -> String {
    match error {
        CashierError::NotSetUp(provider) => format!("{provider} is not set up here"),
        CashierError::UnknownPayment => "there is no such payment".to_owned(),
        CashierError::NotBegun => {
            "the payment has not reached the provider yet; begin a new one".to_owned()
        }
        CashierError::Declined { code, decline_code } => {
            declined(decline_code.as_deref().unwrap_or(code)).to_owned()
        }
        CashierError::RequiresAction { .. } => {
            "the payer has to confirm the payment with their bank".to_owned()
        }
        CashierError::RequiresMethod => "the payment needs a payment method".to_owned(),
        CashierError::Processing => "the money is on its way; ask again later".to_owned(),
        CashierError::Canceled => "the payment was canceled".to_owned(),
        CashierError::UnderReview => "the payment is being reviewed".to_owned(),
        CashierError::Refused(_) => "the provider refused the request".to_owned(),
        CashierError::Unavailable(_) => {
            "the provider does not answer; ask again, nothing is charged twice".to_owned()
        }
        CashierError::Payments(payments::Error::UnknownPackage(id)) => {
            format!("no package {id:?} is on sale")
        }
        CashierError::Payments(_) => "something of ours failed; try again".to_owned(),
    }
}

/// A sentence for the payer. Lost, stolen and fraudulent cards are declined like any other, so that
/// a thief learns nothing.
fn declined(code: &str) -> &'static str {
    match code {
        "insufficient_funds" => "the card has insufficient funds; use another one",
        "expired_card" => "the card has expired; use another one",
        "incorrect_cvc" | "invalid_cvc" => "the card's security code is wrong; check it",
        "instrument_declined" | "redirect_payer_for_alternate_funding" => {
            "PayPal could not charge what you chose; pick another way to pay in PayPal"
        }
        "payer_cannot_pay" | "payer_account_restricted" | "payer_account_locked_or_closed" => {
            "PayPal does not let this account pay; ask PayPal, or pay by card"
        }
        "transaction_refused" | "compliance_violation" | "payment_denied" | "capture_denied" => {
            "PayPal refused the payment; pay another way"
        }
        "max_number_of_payment_attempts_exceeded" => {
            "PayPal takes no more tries for this order; begin a new one"
        }
        "processing_error" => "the bank could not process the payment; try again in a minute",
        "authentication_required" | "payment_intent_authentication_failure" => {
            "the bank could not confirm that it was you; try again"
        }
        _ => "the card was declined; use another one or ask your bank",
    }
}

fn cashier_parts(error: &CashierError) -> (StatusCode, &'static str) {
    match error {
        CashierError::NotSetUp(_) => (StatusCode::NOT_FOUND, "unknown_provider"),
        CashierError::UnknownPayment => (StatusCode::NOT_FOUND, "unknown_payment"),
        CashierError::NotBegun => (StatusCode::CONFLICT, "not_begun"),
        CashierError::Declined { .. } => (StatusCode::PAYMENT_REQUIRED, "payment_failed"),
        CashierError::RequiresAction { .. } => (StatusCode::CONFLICT, "requires_action"),
        CashierError::RequiresMethod => (StatusCode::CONFLICT, "requires_payment_method"),
        CashierError::Processing => (StatusCode::CONFLICT, "processing"),
        CashierError::Canceled => (StatusCode::CONFLICT, "canceled"),
        CashierError::UnderReview => (StatusCode::CONFLICT, "under_review"),
        CashierError::Refused(_) => (StatusCode::UNPROCESSABLE_ENTITY, "provider_refused"),
        CashierError::Unavailable(_) => (StatusCode::BAD_GATEWAY, "provider_unavailable"),
        CashierError::Payments(error) => match error {
            payments::Error::UnknownPackage(_) => (StatusCode::NOT_FOUND, "unknown_package"),
            payments::Error::Invalid(_) => (StatusCode::BAD_REQUEST, "malformed"),
            payments::Error::NotEnoughCredits { .. } => {
                (StatusCode::CONFLICT, "not_enough_credits")
            }
            payments::Error::Db(_) | payments::Error::Stale(_) | payments::Error::LeaseLost(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            payments::Error::Vault(_) | payments::Error::Inconsistent(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        },
    }
}

fn cashier_more(error: &CashierError) -> Value {
    match error {
        CashierError::Declined { code, decline_code } => {
            json!({ "declineCode": decline_code.as_deref().unwrap_or(code) })
        }
        CashierError::RequiresAction { url } => json!({ "nextActionUrl": url }),
        CashierError::Refused(GatewayError::Api { code, .. }) => json!({ "providerCode": code }),
        _ => json!({}),
    }
}

use gateways::GatewayError;

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
