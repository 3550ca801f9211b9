//! The settings of the Stripe adapter, and which of them are dangerous.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::wire::check_base;

/// Stripe's own libraries allow signatures this much age.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_mins(5);

/// A quarter of what Stripe allows a live account, so that a burst of ours never hurts the rest.
pub const DEFAULT_REQUESTS_PER_SECOND: u32 = 25;

/// What every webhook secret of Stripe's starts with.
const WEBHOOK_PREFIX: &str = "whsec_";

/// Stripe's have 32; 16 random ones still cannot be guessed.
const MIN_SECRET: usize = 16;

/// Random text of that length has more; `xxxxxxxx…` has one.
const MIN_DIFFERENT: usize = 6;

/// What a Stripe webhook secret in documentation looks like after its prefix.
const PLACEHOLDER_STARTS: [&str; 5] = ["test", "your", "default", "secret", "example"];

/// What no random text says.
const PLACEHOLDER_PARTS: [&str; 3] = ["changeme", "placeholder", "default_secret"];

/// How to reach Stripe and how to know it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The secret or restricted API key; its prefix says whether it moves real money.
    pub secret_key: SecretString,
    /// The secrets of the webhook endpoint; two while one is being rolled.
    pub webhook_secrets: Vec<SecretString>,
    /// Where the API is, without `v1`; it may have a path.
    pub api_base: Url,
    /// The connected account to act for; `None` for our own.
    pub account: Option<String>,
    /// How far a signature's time may be from ours.
    pub tolerance: Duration,
    /// How many calls a second we allow ourselves.
    pub requests_per_second: u32,
}

/// Why the adapter refuses to start, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The API key is not one.
    #[error(
        "the Stripe secret key must start with sk_test_, sk_live_, rk_test_ or rk_live_; copy it from the dashboard under Developers, API keys"
    )]
    SecretKey,
    /// Nobody could send us a webhook.
    #[error(
        "no Stripe webhook secret is set; copy the endpoint's signing secret (whsec_…) from the dashboard"
    )]
    NoWebhookSecret,
    /// Anybody could send us a webhook.
    #[error(
        "Stripe webhook secret number {0} is {1}; copy the endpoint's signing secret (whsec_…) from the dashboard"
    )]
    WebhookSecret(usize, &'static str),
    /// The key or the answers could be read or altered on the way.
    #[error("the Stripe API address {0}; use https://api.stripe.com/")]
    ApiBase(&'static str),
    /// The account would not fit a header.
    #[error(
        "the Stripe account must look like acct_ and letters or digits; leave it out to act for your own account"
    )]
    Account,
    /// A limit of zero would stop everything.
    #[error(
        "requests per second and the webhook tolerance must be more than zero, the tolerance at most an hour"
    )]
    Limits,
    /// No TLS, for instance because the system has no root certificates.
    #[error(
        "the HTTP client cannot be made; check that the system's root certificates are installed"
    )]
    Client(#[source] reqwest::Error),
}

impl Config {
    /// Settings for Stripe itself with the usual limits.
    pub fn new(secret_key: SecretString, webhook_secrets: Vec<SecretString>) -> Self {
        Self {
            secret_key,
            webhook_secrets,
            api_base: Url::parse("https://api.stripe.com/").expect("the literal is a URL"),
            account: None,
            tolerance: DEFAULT_TOLERANCE,
            requests_per_second: DEFAULT_REQUESTS_PER_SECOND,
        }
    }

    /// Whether the key moves real money.
    pub fn livemode(&self) -> bool {
        let key = self.secret_key.expose_secret();
        key.starts_with("sk_live_") || key.starts_with("rk_live_")
    }

    /// Refuses what would be dangerous.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_key()?;
        self.check_webhook_secrets()?;
        self.check_api_base()?;
        if self.account.as_deref().is_some_and(|account| !is_account(account)) {
            return Err(ConfigError::Account);
        }
        let tolerance = Duration::from_secs(1)..=Duration::from_hours(1);
        if self.requests_per_second == 0 || !tolerance.contains(&self.tolerance) {
            return Err(ConfigError::Limits);
        }
        Ok(())
    }

    fn check_key(&self) -> Result<(), ConfigError> {
        let key = self.secret_key.expose_secret();
        let rest = ["sk_test_", "sk_live_", "rk_test_", "rk_live_"]
            .iter()
            .find_map(|prefix| key.strip_prefix(prefix))
            .ok_or(ConfigError::SecretKey)?;
        if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::SecretKey);
        }
        Ok(())
    }

    fn check_webhook_secrets(&self) -> Result<(), ConfigError> {
        if self.webhook_secrets.is_empty() {
            return Err(ConfigError::NoWebhookSecret);
        }
        for (index, secret) in self.webhook_secrets.iter().enumerate() {
            if let Some(fault) = fault_of(secret.expose_secret()) {
                return Err(ConfigError::WebhookSecret(index + 1, fault));
            }
        }
        Ok(())
    }

    fn check_api_base(&self) -> Result<(), ConfigError> {
        check_base(&self.api_base, self.livemode()).map_err(ConfigError::ApiBase)
    }
}

/// What is wrong with a webhook secret; whoever knows it can grant himself anything.
fn fault_of(secret: &str) -> Option<&'static str> {
    if secret.is_empty() {
        return Some("empty");
    }
    let lower = secret.to_ascii_lowercase();
    if PLACEHOLDER_PARTS.iter().any(|part| lower.contains(part)) {
        return Some("a placeholder");
    }
    let Some(rest) = lower.strip_prefix(WEBHOOK_PREFIX) else {
        return Some("not a webhook secret");
    };
    if PLACEHOLDER_STARTS.iter().any(|start| rest.starts_with(start)) {
        return Some("a placeholder");
    }
    if rest.len() < MIN_SECRET {
        return Some("too short");
    }
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("spoilt by white space or unusual characters");
    }
    let different = rest.bytes().collect::<std::collections::BTreeSet<_>>().len();
    (different < MIN_DIFFERENT).then_some("a placeholder")
}

fn is_account(text: &str) -> bool {
    text.len() <= 255
        && text.strip_prefix("acct_").is_some_and(|rest| {
            !rest.is_empty()
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

#[cfg(test)]
mod tests;
