//! Proof by asking PayPal.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ALGORITHM, Transmission};
use crate::{
    GatewayError, Unreadable, WebhookError,
    paypal::{requests::Request, transport::Transport},
};

#[derive(Serialize)]
struct Question<'a> {
    auth_algo: &'a str,
    cert_url: &'a str,
    transmission_id: &'a str,
    transmission_sig: &'a str,
    transmission_time: &'a str,
    webhook_id: &'a str,
    /// In the very bytes that came: written anew, it would not fit its checksum.
    webhook_event: &'a RawValue,
}

#[derive(Deserialize)]
struct Verdict {
    verification_status: String,
}

/// Whether PayPal says that it sent `body`.
pub(in super::super) async fn verify(
    transport: &Transport,
    transmission: &Transmission<'_>,
    webhook_id: &str,
    body: &[u8],
) -> Result<(), WebhookError> {
    let event: &RawValue = serde_json::from_slice(body).map_err(|_| WebhookError::Signature)?;
    let question = Question {
        auth_algo: ALGORITHM,
        cert_url: transmission.address,
        transmission_id: transmission.id,
        transmission_sig: transmission.signature,
        transmission_time: transmission.time,
        webhook_id,
        webhook_event: event,
    };
    let body = serde_json::to_string(&question)
        .map_err(|error| unproven(GatewayError::Shape(error.into())))?;
    let request = Request::post("v1/notifications/verify-webhook-signature".to_owned(), body);
    let answer = match transport.ask(&request).await {
        Ok(answer) => answer,
        // What PayPal cannot even read was not written by it.
        Err(GatewayError::Api { status: 400 | 422, .. }) => return Err(WebhookError::Signature),
        Err(error) => return Err(unproven(error)),
    };
    let verdict: Verdict = serde_json::from_slice(&answer.body)
        .map_err(|error| unproven(GatewayError::Shape(Unreadable::from(error))))?;
    match &*verdict.verification_status {
        "SUCCESS" => Ok(()),
        _ => Err(WebhookError::Signature),
    }
}

fn unproven(error: GatewayError) -> WebhookError {
    WebhookError::Unproven(error)
}
