//! Whether the settings for Stripe are complete and belong together.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    StripeKeys,
    checks::{http_url, is_loopback, is_placeholder},
    error::{Problem, Problems, problem},
};

/// The variable with the signing secrets.
const WEBHOOK_SECRET: &str = "STRIPE_WEBHOOK_SECRET";

/// Stripe's own API.
const API_BASE: &str = "https://api.stripe.com/";

/// Default age of a signature, as in Stripe's own libraries.
const TOLERANCE: u64 = 300;

/// Longest tolerated age. Each second more is a second in which a stolen webhook can be replayed.
const LONGEST_TOLERANCE: u64 = 3_600;

/// Shortest signing secret: Stripe's have 38 characters or more.
const WEBHOOK_SECRET_CHARACTERS: usize = 32;

/// What was said about Stripe.
pub(super) struct Given {
    pub(super) secret_key: Option<SecretString>,
    pub(super) publishable_key: Option<String>,
    pub(super) webhook_secret: Option<SecretString>,
    pub(super) api_base: Option<String>,
    pub(super) tolerance: Option<String>,
    pub(super) account: Option<String>,
}

/// What was said about Stripe, each found valid; the secrets may still be missing.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) secret_key: Option<SecretString>,
    pub(super) webhook_secrets: Vec<SecretString>,
    publishable_key: Option<String>,
    api_base: Option<Url>,
    account: Option<String>,
    tolerance: Duration,
}

/// Whether `key` moves real money.
pub(super) fn is_live(key: &str) -> bool {
    key.split('_').nth(1) == Some("live")
}

impl Given {
    /// Judges each, and whether they go together.
    pub(super) fn check(self, problems: &mut Problems) -> Checked {
        let secret_key = self.secret_key;
        if let Some(key) = &secret_key {
            problems.keep(check_secret_key(key.expose_secret()));
        }
        let secret = secret_key.as_ref().map(ExposeSecret::expose_secret);
        if let Some(key) = &self.publishable_key {
            problems.keep(check_publishable_key(key, secret));
        }
        if self.account.as_ref().is_some_and(|account| !account.starts_with("acct_")) {
            problems.add("STRIPE_ACCOUNT", "it does not begin with acct_", "copy it from Stripe");
        }
        let webhook_secrets = webhook_secrets(self.webhook_secret.as_ref(), secret.is_some());
        let webhook_secrets = problems.keep(webhook_secrets);
        let api_base = problems.keep(api_base(self.api_base.as_deref(), secret));
        let tolerance = problems.keep(tolerance(self.tolerance.as_deref()));
        Checked {
            secret_key,
            webhook_secrets: webhook_secrets.unwrap_or_default(),
            publishable_key: self.publishable_key,
            api_base: api_base.flatten(),
            account: self.account,
            tolerance: tolerance.unwrap_or_default(),
        }
    }
}

impl Checked {
    /// The keys of a real account.
    pub(super) fn real(self, secret_key: SecretString) -> StripeKeys {
        let stripe = Url::parse(API_BASE).expect("Stripe's address is a URL");
        self.keys(secret_key, stripe)
    }

    /// The keys of the sandbox that answers at `own`.
    pub(super) fn sandbox(self, own: &Url) -> StripeKeys {
        let base = own.join("sandbox/stripe/").expect("a path can be joined to a server's URL");
        let mut keys = self.keys("sk_test_sandbox".into(), base);
        keys.publishable_key = Some("pk_test_sandbox".to_owned());
        keys
    }

    fn keys(self, secret_key: SecretString, default_base: Url) -> StripeKeys {
        StripeKeys {
            secret_key,
            publishable_key: self.publishable_key,
            webhook_secrets: self.webhook_secrets,
            api_base: self.api_base.unwrap_or(default_base),
            account: self.account,
            tolerance: self.tolerance,
        }
    }
}

fn check_secret_key(key: &str) -> Result<(), Problem> {
    const NAME: &str = "STRIPE_SECRET_KEY";
    let advice = "copy the secret key from Developers, API keys, in Stripe's dashboard";
    if key.starts_with("pk_") {
        return problem(NAME, "it is a publishable key", advice);
    }
    let known = ["sk_test_", "sk_live_", "rk_test_", "rk_live_"];
    if !known.iter().any(|prefix| key.starts_with(prefix)) {
        return problem(NAME, format!("it begins with none of {}", known.join(", ")), advice);
    }
    if is_placeholder(&key[8..]) || key.contains(char::is_whitespace) {
        return problem(NAME, "it is a placeholder, or has a space in it", advice);
    }
    Ok(())
}

fn check_publishable_key(key: &str, secret: Option<&str>) -> Result<(), Problem> {
    const NAME: &str = "STRIPE_PUBLISHABLE_KEY";
    if key.starts_with("sk_") || key.starts_with("rk_") {
        let wrong = "it is a secret key, which browsers would be shown";
        return problem(NAME, wrong, "give the publishable key, and roll the secret one");
    }
    if !key.starts_with("pk_test_") && !key.starts_with("pk_live_") {
        let wrong = "it begins with neither pk_test_ nor pk_live_";
        return problem(NAME, wrong, "copy the publishable key from Stripe's dashboard");
    }
    let Some(secret) = secret else {
        let wrong = "it is set, but STRIPE_SECRET_KEY is not";
        return problem(NAME, wrong, "set both, or neither for the sandbox");
    };
    if is_live(key) != is_live(secret) {
        let wrong = "one of it and STRIPE_SECRET_KEY is live, the other is for tests";
        return problem(NAME, wrong, "take both from the same page of Stripe's dashboard");
    }
    Ok(())
}

fn webhook_secrets(
    value: Option<&SecretString>,
    needed: bool,
) -> Result<Vec<SecretString>, Problem> {
    let value = value.map(ExposeSecret::expose_secret).unwrap_or_default();
    let entries = value.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let secrets = entries.map(check_webhook_secret).collect::<Result<Vec<_>, _>>()?;
    if needed && secrets.is_empty() {
        return problem(
            WEBHOOK_SECRET,
            "it is missing, so nobody could tell a webhook from a forgery",
            "copy it from the endpoint in Stripe's dashboard, or run `stripe listen --print-secret`",
        );
    }
    Ok(secrets)
}

fn check_webhook_secret(secret: &str) -> Result<SecretString, Problem> {
    let advice = "copy the signing secret of the endpoint from Stripe's dashboard";
    let Some(rest) = secret.strip_prefix("whsec_") else {
        return problem(WEBHOOK_SECRET, "it does not begin with whsec_", advice);
    };
    if is_placeholder(rest) {
        return problem(
            WEBHOOK_SECRET,
            "it is a placeholder, which anybody could sign with",
            advice,
        );
    }
    if secret.len() < WEBHOOK_SECRET_CHARACTERS {
        let wrong = format!("it has fewer than {WEBHOOK_SECRET_CHARACTERS} characters");
        return problem(WEBHOOK_SECRET, wrong, advice);
    }
    Ok(secret.into())
}

fn api_base(value: Option<&str>, secret: Option<&str>) -> Result<Option<Url>, Problem> {
    const NAME: &str = "STRIPE_API_BASE";
    let Some(value) = value else { return Ok(None) };
    let mut url = http_url(NAME, value)?;
    if url.query().is_some() || url.fragment().is_some() {
        return problem(NAME, "it has a query or a fragment", "remove what follows the path");
    }
    if secret.is_some_and(is_live) && url.scheme() != "https" && !is_loopback(&url) {
        return problem(NAME, "a live key would travel in the clear", "use https");
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(Some(url))
}

fn tolerance(value: Option<&str>) -> Result<Duration, Problem> {
    let seconds = value.map_or(Some(TOLERANCE), |value| value.trim().parse().ok());
    match seconds {
        Some(seconds @ 1..=LONGEST_TOLERANCE) => Ok(Duration::from_secs(seconds)),
        _ => problem(
            "STRIPE_WEBHOOK_TOLERANCE",
            format!("`{}` is not between 1 and {LONGEST_TOLERANCE}", value.unwrap_or_default()),
            format!("give a whole number of seconds; {TOLERANCE} is usual"),
        ),
    }
}
