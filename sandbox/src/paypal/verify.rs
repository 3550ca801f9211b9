//! `POST /v1/notifications/verify-webhook-signature`

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{PaypalConfig, courier::signed_text, error::Refusal};

#[derive(Deserialize)]
struct Question<'a> {
    auth_algo: String,
    cert_url: String,
    transmission_id: String,
    transmission_sig: String,
    transmission_time: String,
    webhook_id: String,
    #[serde(borrow)]
    webhook_event: &'a RawValue,
}

/// Says whether the sandbox signed what `body` holds. RSA of this kind makes the same signature
/// of the same text each time, so it is enough to sign again.
pub(super) fn verify(config: &PaypalConfig, body: &[u8]) -> Result<Value, Refusal> {
    let question: Question<'_> = serde_json::from_slice(body).map_err(|_| Refusal::malformed())?;
    let text = signed_text(
        &question.transmission_id,
        &question.transmission_time,
        &question.webhook_id,
        question.webhook_event.get().as_bytes(),
    );
    let address = format!("{}/v1/notifications/certs/", config.api_base);
    let genuine = question.auth_algo == "SHA256withRSA"
        && question.webhook_id == config.webhook_id
        && question.cert_url.starts_with(&address)
        && config.authority.sign(&text).is_ok_and(|made| made == question.transmission_sig);
    let status = if genuine { "SUCCESS" } else { "FAILURE" };
    Ok(json!({ "verification_status": status }))
}
