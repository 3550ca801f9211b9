//! Proof that PayPal sent a webhook.

pub(super) mod address;
pub(super) mod certificate;
pub(super) mod postback;
pub(super) mod window;

use base64::{Engine, prelude::BASE64_STANDARD};
use entities::Timestamp;
use http::HeaderMap;

use super::event::parse_time;

/// The only algorithm there is; whoever names another wants a weaker one.
const ALGORITHM: &str = "SHA256withRSA";

/// PayPal's ids have 36 characters.
const MAX_ID: usize = 128;

/// A signature of the longest RSA key we accept, in base64.
const MAX_SIGNATURE: usize = 1_400;

/// Longest address of a certificate.
const MAX_ADDRESS: usize = 500;

/// What the headers of a webhook claim.
pub(super) struct Transmission<'a> {
    pub(super) id: &'a str,
    /// As it was written, since that is what was signed.
    pub(super) time: &'a str,
    pub(super) sent_at: Timestamp,
    pub(super) address: &'a str,
    /// In base64.
    pub(super) signature: &'a str,
}

impl<'a> Transmission<'a> {
    /// Reads the headers, each of which has to be there exactly once.
    pub(super) fn parse(headers: &'a HeaderMap) -> Option<Self> {
        if sole(headers, "paypal-auth-algo")? != ALGORITHM {
            return None;
        }
        let time = sole(headers, "paypal-transmission-time")?;
        let id = sole(headers, "paypal-transmission-id")?;
        let signature = sole(headers, "paypal-transmission-sig")?;
        let address = sole(headers, "paypal-cert-url")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let sound = (1..=MAX_ID).contains(&id.len())
            && id.bytes().all(plain)
            && signature.len() <= MAX_SIGNATURE
            && address.len() <= MAX_ADDRESS;
        sound.then_some(())?;
        Some(Self { id, time, sent_at: parse_time(time)?, address, signature })
    }

    /// What PayPal signed, if it sent `body` to the webhook `webhook_id`.
    pub(super) fn signed_text(&self, webhook_id: &str, body: &[u8]) -> String {
        format!("{}|{}|{webhook_id}|{}", self.id, self.time, crc32fast::hash(body))
    }

    /// The signature's bytes.
    pub(super) fn signature(&self) -> Option<Vec<u8>> {
        BASE64_STANDARD.decode(self.signature).ok()
    }
}

/// The value of a header if it is there exactly once: of two, a proxy may have checked another.
fn sole<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}
