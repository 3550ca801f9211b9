//! Whether the settings for PayPal are complete and belong together.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    PaypalKeys, PaypalVerification,
    checks::{http_url, is_placeholder},
    error::{Problem, Problems, problem},
};

/// The variables.
const CLIENT_ID: &str = "PAYPAL_CLIENT_ID";
const CLIENT_SECRET: &str = "PAYPAL_CLIENT_SECRET";
const WEBHOOK_ID: &str = "PAYPAL_WEBHOOK_ID";
const API_BASE: &str = "PAYPAL_API_BASE";
const MERCHANT_ID: &str = "PAYPAL_MERCHANT_ID";
const VERIFICATION: &str = "PAYPAL_WEBHOOK_VERIFICATION";

/// PayPal's API that moves real money, and the one for tests.
const LIVE_HOST: &str = "api-m.paypal.com";
const TEST_HOST: &str = "api-m.sandbox.paypal.com";

/// PayPal's public simulator signs for this id.
const SIMULATOR: &str = "WEBHOOK_ID";

/// Who we are in our own sandbox. Nothing there is secret: it only answers us.
const SANDBOX_CLIENT: &str = "sandbox-client";
const SANDBOX_WEBHOOK: &str = "5TR7190CW1234567S";
const SANDBOX_MERCHANT: &str = "SANDBXMERCHT2";

/// What was said about PayPal.
pub(super) struct Given {
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<SecretString>,
    pub(super) webhook_id: Option<String>,
    pub(super) api_base: Option<String>,
    pub(super) merchant_id: Option<String>,
    pub(super) verification: Option<String>,
    pub(super) certificate_name: Option<String>,
}

/// What was said about PayPal, found valid.
#[derive(Debug)]
pub(super) struct Checked {
    /// Whether anything was said: then PayPal is meant, and the sandbox is off.
    pub(super) given: bool,
    /// The keys of a real account; `None` while something is missing.
    pub(super) keys: Option<PaypalKeys>,
    verification: PaypalVerification,
}

impl Given {
    /// Judges each, and whether they go together.
    pub(super) fn check(self, problems: &mut Problems) -> Checked {
        let verification = problems.keep(verification(self.verification.as_deref()));
        let verification = verification.unwrap_or(PaypalVerification::Certificate);
        let given =
            self.client_id.is_some() || self.client_secret.is_some() || self.webhook_id.is_some();
        if !given {
            if self.api_base.is_some() || self.merchant_id.is_some() {
                let setting = if self.api_base.is_some() { API_BASE } else { MERCHANT_ID };
                let wrong = format!("it is set, but {CLIENT_ID} is not");
                problems.add(setting, wrong, "set all of PayPal's, or none for the sandbox");
            }
            return Checked { given, keys: None, verification };
        }
        let client_id = problems.keep(client_id(self.client_id));
        let client_secret = problems.keep(client_secret(self.client_secret));
        let webhook_id = problems.keep(webhook_id(self.webhook_id));
        let api_base = problems.keep(api_base(self.api_base.as_deref()));
        let merchant_id = problems.keep(merchant_id(self.merchant_id));
        let all = client_id.zip(client_secret).zip(webhook_id).zip(api_base).zip(merchant_id);
        let keys =
            all.map(|((((client_id, client_secret), webhook_id), api_base), merchant_id)| {
                PaypalKeys {
                    client_id,
                    client_secret,
                    webhook_id,
                    api_base,
                    merchant_id,
                    verification,
                    certificate_name: self.certificate_name,
                }
            });
        Checked { given, keys, verification }
    }
}

impl Checked {
    /// Whether real money moves.
    pub(super) fn is_live(&self) -> bool {
        self.keys.as_ref().is_some_and(PaypalKeys::is_live)
    }

    /// The keys of the sandbox that answers at `own`.
    pub(super) fn sandbox(&self, own: &Url) -> PaypalKeys {
        let api_base = own.join("sandbox/paypal/").expect("a path can be joined to a server's URL");
        PaypalKeys {
            client_id: SANDBOX_CLIENT.to_owned(),
            client_secret: "sandbox-secret".into(),
            webhook_id: SANDBOX_WEBHOOK.to_owned(),
            api_base,
            merchant_id: Some(SANDBOX_MERCHANT.to_owned()),
            verification: self.verification,
            certificate_name: None,
        }
    }
}

/// Whether the API at `base` moves real money.
pub(super) fn is_live(base: &Url) -> bool {
    base.host_str() == Some(LIVE_HOST)
}

fn missing<T>(name: &str) -> Result<T, Problem> {
    problem(
        name,
        "it is missing, while others of PayPal's are set",
        "copy it from the app's page in PayPal's developer dashboard",
    )
}

fn client_id(value: Option<String>) -> Result<String, Problem> {
    let Some(value) = value else { return missing(CLIENT_ID) };
    if !is_sendable(&value) || value.contains(':') || is_placeholder(&value) {
        let wrong = "it is a placeholder, or has characters that no client id has";
        return problem(CLIENT_ID, wrong, "copy it from the app's page");
    }
    Ok(value)
}

fn client_secret(value: Option<SecretString>) -> Result<SecretString, Problem> {
    let Some(value) = value else { return missing(CLIENT_SECRET) };
    if !is_sendable(value.expose_secret()) || is_placeholder(value.expose_secret()) {
        let wrong = "it is a placeholder, or has a space in it";
        return problem(CLIENT_SECRET, wrong, "copy the secret from the app's page");
    }
    Ok(value)
}

fn webhook_id(value: Option<String>) -> Result<String, Problem> {
    let advice = "copy it from the app's page in PayPal's developer dashboard, under Webhooks";
    let Some(value) = value else {
        let wrong = "it is missing, so nobody could tell a webhook from a forgery";
        return problem(WEBHOOK_ID, wrong, advice);
    };
    if value == SIMULATOR || is_placeholder(&value) {
        let wrong = "it is a placeholder, which PayPal's public simulator signs for";
        return problem(WEBHOOK_ID, wrong, advice);
    }
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plain || !(8..=50).contains(&value.len()) {
        return problem(WEBHOOK_ID, "it is not 8 to 50 letters and digits", advice);
    }
    Ok(value)
}

/// There is no default: whether money is real must be said.
fn api_base(value: Option<&str>) -> Result<Url, Problem> {
    let advice = format!("set https://{LIVE_HOST} for real money, https://{TEST_HOST} for tests");
    let Some(value) = value else {
        return problem(API_BASE, "it is missing, and a client id does not tell its mode", advice);
    };
    let url = http_url(API_BASE, value)?;
    let known = matches!(url.host_str(), Some(LIVE_HOST | TEST_HOST));
    if !known || url.scheme() != "https" || url.path() != "/" || url.query().is_some() {
        return problem(API_BASE, "it is none of PayPal's two addresses", advice);
    }
    Ok(url)
}

fn merchant_id(value: Option<String>) -> Result<Option<String>, Problem> {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    match value {
        Some(id) if id.len() != 13 || !id.bytes().all(capital) => problem(
            MERCHANT_ID,
            "it is not 13 capital letters and digits",
            "copy it from the business information of your PayPal account, or unset it",
        ),
        value => Ok(value),
    }
}

fn verification(value: Option<&str>) -> Result<PaypalVerification, Problem> {
    match value {
        None | Some("certificate") => Ok(PaypalVerification::Certificate),
        Some("postback") => Ok(PaypalVerification::Postback),
        Some(_) => problem(
            VERIFICATION,
            "it is neither certificate nor postback",
            "unset it to check signatures here, or set postback to have PayPal check each",
        ),
    }
}

fn is_sendable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
