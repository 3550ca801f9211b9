//! How PayPal's webhooks are signed.

use std::sync::{Arc, Mutex};

use super::{PaypalConfig, PaypalState, written_time};
use crate::{delivery::Courier, ids, lock};

/// Signs events with the sandbox's certificate.
pub(crate) struct PaypalCourier {
    pub(crate) config: PaypalConfig,
    pub(crate) state: Arc<Mutex<PaypalState>>,
}

impl Courier for PaypalCourier {
    fn headers(&self, body: &str, forged: bool, now: i64) -> Vec<(&'static str, String)> {
        // A forger has everything but the signature for our webhook.
        let webhook = if forged { "8ZZ00000FORGED00Z" } else { &self.config.webhook_id };
        headers(&self.config, webhook, body.as_bytes(), now).unwrap_or_default()
    }

    fn agent(&self) -> &'static str {
        "PayPal/AUHD-214.0-58843604"
    }

    fn taken(&self, event: &str) {
        if let Some(event) = lock(&self.state).events.get_mut(event) {
            event.delivered = true;
        }
    }
}

/// The headers that prove `body` to whoever has the webhook `webhook_id`.
pub(super) fn headers(
    config: &PaypalConfig,
    webhook_id: &str,
    body: &[u8],
    now: i64,
) -> Result<Vec<(&'static str, String)>, crate::SandboxError> {
    let random = ids::random("", 32).to_ascii_lowercase();
    let id = format!(
        "{}-{}-{}-{}-{}",
        &random[..8],
        &random[8..12],
        &random[12..16],
        &random[16..20],
        &random[20..]
    );
    let time = written_time(now);
    let text = signed_text(&id, &time, webhook_id, body);
    let authority = &config.authority;
    let address = format!("{}/v1/notifications/certs/{}", config.api_base, authority.name());
    Ok(vec![
        ("paypal-transmission-id", id),
        ("paypal-transmission-time", time),
        ("paypal-transmission-sig", authority.sign(&text)?),
        ("paypal-cert-url", address),
        ("paypal-auth-algo", "SHA256withRSA".to_owned()),
        ("paypal-auth-version", "v2".to_owned()),
        ("correlation-id", ids::random("", 13).to_ascii_lowercase()),
    ])
}

/// What is signed.
pub(super) fn signed_text(id: &str, time: &str, webhook_id: &str, body: &[u8]) -> String {
    format!("{id}|{time}|{webhook_id}|{}", crc32fast::hash(body))
}
