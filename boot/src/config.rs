//! What a process is told at start: environment and flags, `quittance.toml`, and what follows.

mod checks;
mod draft;
mod error;
mod file;
mod fraud;
mod notify;
mod paypal;
mod read;
mod resolve;
mod settings;
mod stripe;

#[cfg(test)]
mod tests;

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use url::Url;

pub use self::{
    error::{ConfigError, Problem},
    file::{Checkout, Database, File, Http, Lanes, Limits, Mail, StripeForm, Worker},
    fraud::{Breaker, Fraud},
    settings::{SecretFiles, Settings},
};
use crate::db::DbOptions;

/// Everything a process of ours can be told, read once and found valid.
///
/// `Debug` is safe to log: secrets print as `[REDACTED]`.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where a process that only works shows its figures; nowhere, if it is not said.
    pub worker_listen: Option<SocketAddr>,
    /// How browsers and providers reach us; always ends in `/`.
    pub public_url: Url,
    /// The database.
    pub database: DbOptions,
    /// Where tickets travel; without it a single process hands them over in memory.
    pub redis_url: Option<SecretString>,
    /// Our own directory: embedded database, sandbox secrets, local mailbox.
    pub data_dir: PathBuf,
    /// The Stripe account; in the sandbox, the sandbox's.
    pub stripe: Option<StripeKeys>,
    /// The PayPal account; in the sandbox, the sandbox's.
    pub paypal: Option<PaypalKeys>,
    /// Whether local servers play the providers: true if and only if no provider key was given.
    pub sandbox: bool,
    /// The mail server; without it mails land in the local mailbox.
    pub smtp_url: Option<SecretString>,
    /// The sender of our mails, `Name <address>` or an address.
    pub mail_from: String,
    /// Who is told when a person must act.
    pub admin_email: Option<String>,
    /// What webhooks to the operator's own systems are signed with; more than one while rolling.
    pub notify_secrets: Vec<SecretSlice<u8>>,
    /// What the host application signs its users' tokens with (HS256).
    pub jwt_secret: SecretString,
    /// The key that wraps the data keys.
    pub master_key: MasterKey,
    /// Origins whose scripts may call the API, as browsers send them.
    pub cors_allowed_origins: Vec<String>,
    /// The catalogue to seed from; without it, the one compiled in.
    pub catalog: Option<PathBuf>,
    /// The rest, from `quittance.toml`.
    pub file: File,
}

/// How we and Stripe know each other.
#[derive(Clone, Debug)]
pub struct StripeKeys {
    /// `sk_…` or `rk_…`.
    pub secret_key: SecretString,
    /// `pk_…`; public by nature.
    pub publishable_key: Option<String>,
    /// `whsec_…`; more than one while a secret is being rolled. Never empty.
    pub webhook_secrets: Vec<SecretString>,
    /// Where the API is; always ends in `/`.
    pub api_base: Url,
    /// The connected account to act for, `acct_…`.
    pub account: Option<String>,
    /// How old a webhook's signature may be.
    pub tolerance: Duration,
}

impl StripeKeys {
    /// Whether real money moves.
    pub fn is_live(&self) -> bool {
        stripe::is_live(self.secret_key.expose_secret())
    }
}

/// How we and PayPal know each other.
#[derive(Clone, Debug)]
pub struct PaypalKeys {
    /// The app's client id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: SecretString,
    /// The id of our webhook.
    pub webhook_id: String,
    /// Where the API is; its host says whether money is real.
    pub api_base: Url,
    /// The merchant that payers pay, compared with every order.
    pub merchant_id: Option<String>,
    /// How webhooks are proved.
    pub verification: PaypalVerification,
    /// What PayPal's certificates are made out to, should that ever change.
    pub certificate_name: Option<String>,
}

/// How PayPal's webhooks are proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaypalVerification {
    /// Here, with PayPal's certificate.
    Certificate,
    /// By asking PayPal about each.
    Postback,
}

impl PaypalKeys {
    /// Whether real money moves.
    pub fn is_live(&self) -> bool {
        paypal::is_live(&self.api_base)
    }
}

/// The 32 bytes that wrap the data keys; erased from memory when dropped.
pub struct MasterKey(SecretBox<[u8; 32]>);

impl MasterKey {
    /// Takes the key in.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// The key itself.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl Clone for MasterKey {
    fn clone(&self) -> Self {
        Self::new(*self.expose())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([REDACTED])")
    }
}
