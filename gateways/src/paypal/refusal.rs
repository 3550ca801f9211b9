//! PayPal's errors, of which no part may be lost because another cannot be read.

use entities::fact::Failure;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    GatewayError,
    json::{code, maybe},
};

/// What an error's class is called that PayPal does not name, or that is none of PayPal's.
const UNKNOWN: &str = "unknown";

/// PayPal's sentences are shorter; a proxy's page is not a sentence.
const MAX_MESSAGE: usize = 500;

/// What a failure is called of which PayPal had said that it was pending.
pub(super) const DENIED: &str = "capture_denied";

/// Refusals of a capture that are the payer's to mend, or final: the money did not move.
pub(super) const DECLINES: [&str; 14] = [
    "INSTRUMENT_DECLINED",
    "TRANSACTION_REFUSED",
    "TRANSACTION_LIMIT_EXCEEDED",
    "TRANSACTION_RECEIVING_LIMIT_EXCEEDED",
    "TRANSACTION_BLOCKED_BY_PAYEE",
    "PAYER_CANNOT_PAY",
    "PAYER_ACCOUNT_RESTRICTED",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
    "PAYER_COUNTRY_NOT_SUPPORTED",
    "COMPLIANCE_VIOLATION",
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
    "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
    "CARD_EXPIRED",
    "PAYMENT_DENIED",
];

/// Those of them that another choice of the payer's at PayPal can mend, for the same order.
pub(super) const CHOOSE_ANEW: [&str; 2] =
    ["INSTRUMENT_DECLINED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"];

/// Refusals of a capture that say it was done before, or is not to be done yet: the order tells.
pub(super) const SETTLED: [&str; 5] = [
    "ORDER_ALREADY_CAPTURED",
    "ORDER_ALREADY_COMPLETED",
    "ORDER_COMPLETED_OR_VOIDED",
    "ORDER_NOT_APPROVED",
    "PAYER_ACTION_REQUIRED",
];

#[derive(Default, Deserialize)]
struct Refusal<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    details: Option<&'a RawValue>,
    /// What the token endpoint has instead of a name.
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow, default)]
    issue: Option<&'a RawValue>,
}

/// The error that an answer with a `status` other than success stands for. Its code is the finest
/// that PayPal gives: the issue, else the name.
pub(super) fn read(status: u16, body: &[u8]) -> GatewayError {
    let refusal: Refusal<'_> = serde_json::from_slice(body).unwrap_or_default();
    let details: Vec<Detail<'_>> = maybe(refusal.details).unwrap_or_default();
    let issue = details.first().and_then(|detail| code(detail.issue));
    let name = code(refusal.name).or_else(|| code(refusal.error));
    let message: String = maybe(refusal.message).unwrap_or_default();
    GatewayError::Api {
        status,
        code: issue.or_else(|| name.clone()),
        decline_code: None,
        kind: name.unwrap_or_else(|| UNKNOWN.to_owned()),
        message: message.chars().take(MAX_MESSAGE).collect(),
        payment: None,
    }
}

/// What a refused capture is called in our rows.
pub(super) fn failure(issue: &str) -> Failure {
    Failure { code: issue.to_ascii_lowercase(), decline_code: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> (u16, Option<String>, String) {
        match read(status, body.as_bytes()) {
            GatewayError::Api { status, code, kind, .. } => (status, code, kind),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_finest_reason_is_the_code() {
        let body = r#"{"name": "UNPROCESSABLE_ENTITY", "message": "no", "debug_id": "x",
            "details": [{"issue": "INSTRUMENT_DECLINED", "description": "d"}]}"#;
        let expected =
            (422, Some("INSTRUMENT_DECLINED".to_owned()), "UNPROCESSABLE_ENTITY".to_owned());
        assert_eq!(of(422, body), expected);
        let body = r#"{"error": "invalid_client", "error_description": "no"}"#;
        let expected = (401, Some("invalid_client".to_owned()), "invalid_client".to_owned());
        assert_eq!(of(401, body), expected);
    }

    #[test]
    fn a_status_survives_any_body() {
        for body in ["", "<html>", "[]", r#"{"name": 5, "details": "x"}"#, "\u{0}"] {
            assert_eq!(of(503, body).0, 503, "{body}");
        }
    }
}
