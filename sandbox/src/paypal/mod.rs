//! PayPal's half: orders that a payer approves on a page, captures, and signed webhooks.

mod api;
mod authority;
mod capture;
mod courier;
mod create;
mod dispute;
mod error;
mod events;
mod handle;
mod order;
mod refund;
mod state;
mod verify;

use secrecy::SecretString;

pub use authority::Authority;
pub use handle::{PayPal, Signed};
pub use order::Funding;

pub(crate) use courier::PaypalCourier;
pub(crate) use error::Refusal as PaypalRefusal;
pub(crate) use order::{Captured, Order};
pub(crate) use state::{PaypalState, PaypalWork};

/// What the sandbox needs to know to play PayPal.
#[derive(Clone, Debug)]
pub struct PaypalConfig {
    /// The client that may ask.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Who is paid.
    pub merchant_id: String,
    /// The id of the webhook, which is part of what is signed.
    pub webhook_id: String,
    /// Where events go: `http://127.0.0.1:5000/webhooks/paypal`. Nowhere, if empty.
    pub webhook_url: String,
    /// Where servers reach the API: `http://127.0.0.1:5000/sandbox/paypal`.
    pub api_base: String,
    /// Who signs the certificates.
    pub authority: Authority,
}

/// A time as PayPal writes it.
pub(crate) fn written_time(seconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
    let format = &time::format_description::well_known::Rfc3339;
    time.and_then(|time| time.format(format).ok()).unwrap_or_default()
}
