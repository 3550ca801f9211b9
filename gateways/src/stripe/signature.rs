//! Proof that Stripe sent a webhook.

use std::time::Duration;

use entities::Timestamp;
use hmac::{Hmac, KeyInit, Mac, digest::CtOutput};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::WebhookError;

const HEADER: &str = "stripe-signature";

/// Stripe signs once for each secret of an endpoint, of which it allows a few. Whoever sends more
/// wants to cost us time.
const MAX_SIGNATURES: usize = 16;

/// Room for signatures and for pairs that Stripe may invent.
const MAX_PAIRS: usize = 32;

/// Twelve digits of seconds reach the year 33658.
const MAX_TIME_DIGITS: usize = 12;

/// HMAC-SHA256 in bytes.
const TAG: usize = 32;

/// Checks signatures against the secrets of our endpoint.
pub(super) struct Verifier {
    /// One for each secret, its key already absorbed.
    keyed: Vec<Hmac<Sha256>>,
    tolerance: Duration,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.keyed.len())
            .field("tolerance", &self.tolerance)
            .finish()
    }
}

impl Verifier {
    pub(super) fn new(secrets: &[SecretString], tolerance: Duration) -> Self {
        let keyed = secrets
            .iter()
            .map(|secret| {
                Hmac::new_from_slice(secret.expose_secret().as_bytes())
                    .expect("HMAC takes a key of any length")
            })
            .collect();
        Self { keyed, tolerance }
    }

    /// Whether `headers` prove that Stripe sent `body` around `now`.
    pub(super) fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), WebhookError> {
        let claim = sole_header(headers).and_then(Claim::parse).ok_or(WebhookError::Signature)?;
        if !self.keyed.iter().any(|keyed| claim.is_signed_by(keyed, body)) {
            return Err(WebhookError::Signature);
        }
        // Only now is the time known to be Stripe's.
        let signed_at = claim.signed_at().ok_or(WebhookError::Signature)?;
        if now.since(signed_at).max(signed_at.since(now)) > self.tolerance {
            return Err(WebhookError::Stale);
        }
        Ok(())
    }
}

/// The value of the header if it is there exactly once: of two, a proxy may have checked another.
fn sole_header(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

/// What a header claims: a time, and signatures of it together with the body.
struct Claim<'a> {
    time: &'a str,
    signatures: [[u8; TAG]; MAX_SIGNATURES],
    len: usize,
}

impl<'a> Claim<'a> {
    /// Lenient about white space and unknown pairs, such as `v0`; strict about all that counts.
    fn parse(header: &'a str) -> Option<Self> {
        let mut time = None;
        let mut signatures = [[0; TAG]; MAX_SIGNATURES];
        let mut len = 0;
        for (index, pair) in header.split(',').enumerate() {
            if index == MAX_PAIRS {
                return None;
            }
            match pair.trim().split_once('=') {
                Some(("t", _)) if time.is_some() => return None,
                Some(("t", value)) => time = Some(value),
                Some(("v1", value)) => {
                    // One that is no signature proves nothing, and spoils nothing.
                    len += usize::from(decode(value, signatures.get_mut(len)?));
                }
                _ => {}
            }
        }
        let time = time.filter(|time| is_time(time))?;
        (len > 0).then_some(Self { time, signatures, len })
    }

    fn is_signed_by(&self, keyed: &Hmac<Sha256>, body: &[u8]) -> bool {
        let mut mac = keyed.clone();
        mac.update(self.time.as_bytes());
        mac.update(b".");
        mac.update(body);
        let genuine = mac.finalize();
        // `CtOutput` compares in constant time.
        self.signatures[..self.len]
            .iter()
            .any(|claimed| CtOutput::new((*claimed).into()) == genuine)
    }

    fn signed_at(&self) -> Option<Timestamp> {
        self.time.parse().ok().map(Timestamp::from_seconds)
    }
}

/// Whether `text` is a time as Stripe writes it: digits, without even a sign.
fn is_time(text: &str) -> bool {
    (1..=MAX_TIME_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads exactly 64 lower-case digits, which is all that Stripe ever sends.
fn decode(text: &str, tag: &mut [u8; TAG]) -> bool {
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    !upper && hex::decode_to_slice(text, tag).is_ok()
}

#[cfg(test)]
mod tests;
