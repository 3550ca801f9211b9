//! The settings of the PayPal adapter, and which of them are dangerous.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::wire::{check_base, is_loopback};

/// PayPal publishes no figure; a burst of ours should not be what makes it answer 429.
pub const DEFAULT_REQUESTS_PER_SECOND: u32 = 20;

/// Hosts of PayPal's API that move real money.
const LIVE_HOSTS: [&str; 2] = ["api-m.paypal.com", "api.paypal.com"];

/// Hosts of PayPal's own sandbox.
const TEST_HOSTS: [&str; 2] = ["api-m.sandbox.paypal.com", "api.sandbox.paypal.com"];

/// What the certificates of webhooks are made out to.
const LIVE_NAME: &str = "messageverificationcerts.paypal.com";
const TEST_NAME: &str = "messageverificationcerts.sandbox.paypal.com";

/// PayPal's public simulator signs for this webhook id, so whoever takes it takes forgeries.
const SIMULATOR: &str = "WEBHOOK_ID";

/// How to reach PayPal and how to know it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The app's client id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: SecretString,
    /// The id of the webhook, which is part of what is signed.
    pub webhook_id: String,
    /// Where the API is, without `v1` or `v2`; its host says whether it moves real money.
    pub api_base: Url,
    /// The merchant that payers pay; compared with every order, if it is given.
    pub merchant_id: Option<String>,
    /// How webhooks are proved.
    pub verification: Verification,
    /// What the certificates of webhooks are made out to; PayPal's own name by default.
    pub certificate_name: Option<String>,
    /// The certificate (DER) of an authority to trust in place of the public ones, whose
    /// certificates lie below `api_base`: for a local server that plays PayPal.
    pub authority: Option<Vec<u8>>,
    /// How many calls a second we allow ourselves.
    pub requests_per_second: u32,
}

/// How webhooks are proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// By us, with PayPal's certificate.
    Certificate,
    /// By PayPal, which we ask about each.
    Postback,
}

/// Why the adapter refuses to start, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The client id or secret could not be sent.
    #[error(
        "the PayPal client id and secret must be as the developer dashboard shows them; copy both from the app's page"
    )]
    Credentials,
    /// Anybody could send us a webhook, or nobody.
    #[error(
        "the PayPal webhook id {0}; copy it from the app's page in the developer dashboard, under Webhooks"
    )]
    WebhookId(&'static str),
    /// The secret or the answers could be read or altered on the way.
    #[error(
        "the PayPal API address {0}; use https://api-m.paypal.com/ or https://api-m.sandbox.paypal.com/"
    )]
    ApiBase(&'static str),
    /// It is compared with what PayPal says, so a slip would refuse every payment.
    #[error("the PayPal merchant id must be 13 capital letters and digits; leave it out if unsure")]
    MerchantId,
    /// The certificate of an authority, or the name on certificates, cannot be used.
    #[error("PayPal's certificates cannot be checked: {0}")]
    Certificates(&'static str),
    /// A limit of zero would stop everything.
    #[error("requests per second must be more than zero")]
    Limits,
    /// No TLS, for instance because the system has no root certificates.
    #[error(
        "the HTTP client cannot be made; check that the system's root certificates are installed"
    )]
    Client(#[source] reqwest::Error),
}

impl Config {
    /// Settings for PayPal itself with the usual limits.
    pub fn new(
        client_id: String,
        client_secret: SecretString,
        webhook_id: String,
        api_base: Url,
    ) -> Self {
        Self {
            client_id,
            client_secret,
            webhook_id,
            api_base,
            merchant_id: None,
            verification: Verification::Certificate,
            certificate_name: None,
            authority: None,
            requests_per_second: DEFAULT_REQUESTS_PER_SECOND,
        }
    }

    /// Whether real money moves.
    pub fn livemode(&self) -> bool {
        self.api_base.host_str().is_some_and(|host| LIVE_HOSTS.contains(&host))
    }

    /// Hosts from which certificates may be fetched.
    pub(super) fn certificate_hosts(&self) -> &'static [&'static str] {
        if self.livemode() { &LIVE_HOSTS } else { &TEST_HOSTS }
    }

    /// What certificates are made out to.
    pub(super) fn certificate_name(&self) -> &str {
        let usual = if self.livemode() { LIVE_NAME } else { TEST_NAME };
        self.certificate_name.as_deref().unwrap_or(usual)
    }

    /// The page on which payers approve orders.
    pub(super) fn approval_page(&self) -> Result<Url, ConfigError> {
        let host = self.api_base.host_str().unwrap_or_default();
        let page = if LIVE_HOSTS.contains(&host) {
            Url::parse("https://www.paypal.com/checkoutnow")
        } else if TEST_HOSTS.contains(&host) {
            Url::parse("https://www.sandbox.paypal.com/checkoutnow")
        } else {
            self.api_base.join("checkoutnow")
        };
        page.map_err(|_| ConfigError::ApiBase("has no page beside it"))
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let sendable =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !sendable(&self.client_id)
            || self.client_id.contains(':')
            || !sendable(self.client_secret.expose_secret())
        {
            return Err(ConfigError::Credentials);
        }
        if self.webhook_id == SIMULATOR {
            return Err(ConfigError::WebhookId("is the one of PayPal's public simulator"));
        }
        let plain = self.webhook_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain || !(8..=50).contains(&self.webhook_id.len()) {
            return Err(ConfigError::WebhookId("is not 8 to 50 letters and digits"));
        }
        let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let merchant = self.merchant_id.as_deref();
        if merchant.is_some_and(|id| id.len() != 13 || !id.bytes().all(capital)) {
            return Err(ConfigError::MerchantId);
        }
        if self.requests_per_second == 0 {
            return Err(ConfigError::Limits);
        }
        check_base(&self.api_base, self.livemode()).map_err(ConfigError::ApiBase)?;
        self.check_host()
    }

    /// Whose certificates are trusted depends on the host, so it has to be a known one.
    fn check_host(&self) -> Result<(), ConfigError> {
        let host = self.api_base.host_str().unwrap_or_default();
        let paypal = LIVE_HOSTS.contains(&host) || TEST_HOSTS.contains(&host);
        match (paypal, &self.authority) {
            (true, None) => Ok(()),
            (true, Some(_)) => {
                Err(ConfigError::Certificates("PayPal's own are not signed by another authority"))
            }
            (false, Some(_)) if is_loopback(&self.api_base) => Ok(()),
            (false, _) => Err(ConfigError::ApiBase("is none of PayPal's")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new(
            "AeA1QIZXiflr1_-r0U2UbWTziOWX1GRQer5jkUq4ZfWT5qwb6qQRPq7jDtv57TL4POEEezGLdutcxnkJ"
                .into(),
            SecretString::from(
                "ECYYrrSHdKfk_Q0EdvzdGkzj58a66kKaUQ5dZAEv4HvvtDId2_DpSuYDB088BZxGuMji7G4OFUnPog6p",
            ),
            "4UU18246J5216431Y".into(),
            "https://api-m.sandbox.paypal.com/".parse().unwrap(),
        )
    }

    #[test]
    fn the_host_says_whether_money_is_real() {
        let test = config();
        test.check().unwrap();
        assert!(!test.livemode());
        let live = Config { api_base: "https://api-m.paypal.com".parse().unwrap(), ..config() };
        live.check().unwrap();
        assert!(live.livemode());
    }

    #[test]
    fn dangerous_settings_are_refused() {
        let webhook = |id: &str| Config { webhook_id: id.to_owned(), ..config() };
        for id in ["", "WEBHOOK_ID", "short", "4UU18246J5216431Y|x", "4UU18246J521 6431Y"] {
            assert!(matches!(webhook(id).check(), Err(ConfigError::WebhookId(_))), "{id}");
        }
        let at = |base: &str| Config { api_base: base.parse().unwrap(), ..config() };
        for base in [
            "http://api-m.paypal.com/",
            "https://api-m.paypal.com.evil.example/",
            "https://user@api-m.paypal.com/",
            "http://127.0.0.1:5000/sandbox/paypal/",
            "https://example.com/",
        ] {
            assert!(matches!(at(base).check(), Err(ConfigError::ApiBase(_))), "{base}");
        }
        let foreign = Config { authority: Some(vec![1]), ..config() };
        assert!(matches!(foreign.check(), Err(ConfigError::Certificates(_))));
        let client = Config { client_id: "a:b".into(), ..config() };
        assert!(matches!(client.check(), Err(ConfigError::Credentials)));
        let merchant = Config { merchant_id: Some("me".into()), ..config() };
        assert!(matches!(merchant.check(), Err(ConfigError::MerchantId)));
    }

    #[test]
    fn no_secret_is_printed() {
        assert!(!format!("{:?}", config()).contains("ECYYrrSH"));
    }
}
