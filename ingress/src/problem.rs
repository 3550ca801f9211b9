//! Errors as RFC 9457 problem documents.

use std::time::Duration;

use gateways::{GatewayError, WebhookError};
use payments::core::{
    adjustments::NotAdjusted,
    declines,
    disputes::Unanswerable,
    fraud,
    refunds::{NotRefundable, Refusal},
};
use poem::{Response, error::ResponseError, http::StatusCode};
use serde_json::{Value, json};

use crate::{CashierError, limits::Standing};

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
    TooMany(Standing),
    /// The caller is who they say, and may not.
    #[error("your roles do not allow this")]
    Forbidden,
    /// The caller has no such thing, or it is somebody else's.
    #[error("there is no such thing")]
    NotFound,
    /// The payment has not succeeded.
    #[error("the payment has not succeeded, so it has no receipt and no invoice")]
    NoReceipt,
    /// What looks like a card number stood somewhere.
    #[error("this holds what looks like a card number; it was not kept")]
    CardNumber,
    /// The idempotency key is of another request.
    #[error("the Idempotency-Key was used for another request; take a new one")]
    KeyReused,
    /// The first request under the key is still running.
    #[error("a request with this Idempotency-Key is still running; try again in a moment")]
    KeyInUse,
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
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::NoReceipt => (StatusCode::CONFLICT, "no_receipt"),
            Self::CardNumber => (StatusCode::BAD_REQUEST, "card_number_refused"),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Self::KeyInUse => (StatusCode::CONFLICT, "idempotency_key_in_use"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Cashier(error) => cashier_parts(error),
        }
    }

    /// What else a client may want to know.
    fn more(&self) -> Value {
        match self {
            Self::Malformed(detail) => json!({ "detail": detail }),
            Self::Unauthenticated(detail) => json!({ "detail": detail }),
            Self::CardNumber => json!({
                "detail": "card numbers belong in the provider's own form; send its token (pm_…)",
            }),
            Self::Cashier(error) => cashier_more(error),
            Self::UnknownProvider
            | Self::Unverified(_)
            | Self::Unreadable(_)
            | Self::TooLarge(_)
            | Self::Incomplete
            | Self::Forbidden
            | Self::NotFound
            | Self::NoReceipt
            | Self::KeyReused
            | Self::KeyInUse
            | Self::TooMany(_)
            | Self::Unavailable(_) => json!({}),
        }
    }

    fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooMany(standing) => Some(standing.reset),
            Self::Unavailable(_) | Self::KeyInUse => Some(Duration::from_secs(1)),
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
        CashierError::UnknownMethod => "there is no such saved method".to_owned(),
        CashierError::NoReceipt => {
            "the payment has not succeeded, so it has no receipt and no invoice".to_owned()
        }
        CashierError::NotBegun => {
            "the payment has not reached the provider yet; begin a new one".to_owned()
        }
        CashierError::Declined { code, decline_code } => {
            declines::advice(code, decline_code.as_deref()).sentence.to_owned()
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
        CashierError::Payments(payments::Error::Closed) => "the account was deleted".to_owned(),
        CashierError::Payments(payments::Error::Invalid(what)) => (*what).to_owned(),
        CashierError::Payments(payments::Error::NotSold(refused)) => refused.to_string(),
        CashierError::Payments(
            error @ (payments::Error::NotEnoughCredits { .. }
            | payments::Error::SpentDifferently { .. }
            | payments::Error::NotRefundable(_)
            | payments::Error::Refused(_)
            | payments::Error::Unanswerable(_)
            | payments::Error::NotAdjusted(_)),
        ) => error.to_string(),
        CashierError::Payments(_) => "something of ours failed; try again".to_owned(),
    }
}

fn cashier_parts(error: &CashierError) -> (StatusCode, &'static str) {
    match error {
        CashierError::NotSetUp(_) => (StatusCode::NOT_FOUND, "unknown_provider"),
        CashierError::UnknownPayment => (StatusCode::NOT_FOUND, "unknown_payment"),
        CashierError::UnknownMethod => (StatusCode::NOT_FOUND, "unknown_payment_method"),
        CashierError::NoReceipt => (StatusCode::CONFLICT, "no_receipt"),
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
            payments::Error::Closed => (StatusCode::CONFLICT, "account_closed"),
            payments::Error::NotSold(fraud::Refused::TooManyTries) => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
            }
            payments::Error::NotSold(fraud::Refused::NotSold) => {
                (StatusCode::FORBIDDEN, "purchase_refused")
            }
            payments::Error::Invalid(_) => (StatusCode::BAD_REQUEST, "malformed"),
            payments::Error::SpentDifferently { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "reference_reused")
            }
            payments::Error::NotEnoughCredits { .. } => {
                (StatusCode::CONFLICT, "not_enough_credits")
            }
            payments::Error::NotRefundable(why) => not_refundable(*why),
            payments::Error::Refused(refusal) => refused(*refusal),
            payments::Error::Unanswerable(why) => unanswerable(*why),
            payments::Error::NotAdjusted(why) => not_adjusted(*why),
            payments::Error::Db(_) | payments::Error::Stale(_) | payments::Error::LeaseLost(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            payments::Error::Vault(_) | payments::Error::Inconsistent(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        },
    }
}

fn not_refundable(why: NotRefundable) -> (StatusCode, &'static str) {
    let code = match why {
        NotRefundable::NotPaid => "payment_not_succeeded",
        NotRefundable::TooLate(_) => "refund_too_late",
        NotRefundable::NothingUnused => "credits_used",
        NotRefundable::NothingLeft => "already_refunded",
        NotRefundable::Disputed => "payment_disputed",
        NotRefundable::Reviewed => "payment_under_review",
        NotRefundable::Asked => "refund_already_requested",
    };
    (StatusCode::CONFLICT, code)
}

fn refused(refusal: Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Stale => (StatusCode::CONFLICT, "stale"),
        Refusal::NotWaiting(_) => (StatusCode::CONFLICT, "not_waiting"),
        Refusal::OwnRequest => (StatusCode::FORBIDDEN, "own_request"),
        Refusal::SecondLook => (StatusCode::FORBIDDEN, "second_look_by_another"),
        Refusal::SecondPerson => (StatusCode::FORBIDDEN, "second_person_needed"),
        Refusal::AnotherAmount(_) => (StatusCode::CONFLICT, "another_amount"),
        Refusal::Amount(_) => (StatusCode::UNPROCESSABLE_ENTITY, "amount_out_of_range"),
        Refusal::NotRefundable(why) => not_refundable(why),
        Refusal::Decided(_) => (StatusCode::CONFLICT, "already_decided"),
        Refusal::NoAppeal(_) => (StatusCode::CONFLICT, "no_appeal"),
    }
}

fn not_adjusted(why: NotAdjusted) -> (StatusCode, &'static str) {
    match why {
        NotAdjusted::Stale => (StatusCode::CONFLICT, "stale"),
        NotAdjusted::NotWaiting(_) => (StatusCode::CONFLICT, "not_waiting"),
        NotAdjusted::Own => (StatusCode::FORBIDDEN, "own_request"),
    }
}

fn unanswerable(why: Unanswerable) -> (StatusCode, &'static str) {
    let code = match why {
        Unanswerable::Stale => "stale",
        Unanswerable::NotWaiting(_) => "not_waiting",
        Unanswerable::TooLate(_) => "evidence_too_late",
        Unanswerable::Answered(_) => "dispute_answered",
        Unanswerable::OnItsWay(_) => "answer_on_its_way",
        Unanswerable::OnlyAsked => "only_asked",
    };
    (StatusCode::CONFLICT, code)
}

fn cashier_more(error: &CashierError) -> Value {
    match error {
        CashierError::Declined { code, decline_code } => {
            let advice = declines::advice(code, decline_code.as_deref());
            json!({
                "declineCode": decline_code.as_deref().unwrap_or(code),
                "message": advice.sentence,
                "nextStep": advice.next.as_str(),
                "nextStepMessage": advice.next.sentence(),
            })
        }
        CashierError::RequiresAction { url } => json!({ "nextActionUrl": url }),
        CashierError::Payments(payments::Error::NotEnoughCredits { available, .. }) => {
            json!({ "balance": available })
        }
        CashierError::Refused(GatewayError::Api { code, .. }) => json!({ "providerCode": code }),
        _ => json!({}),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
