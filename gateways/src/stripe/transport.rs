//! Calls to Stripe, in the words of its own API description.

use std::num::NonZeroU32;

use entities::Provider;
use http::{HeaderValue, header};
use reqwest::{Client, Method};
use secrecy::{ExposeSecret, SecretString};
use stripe_client_core::{RequestBuilder, StripeMethod, VERSION};
use url::Url;

use super::{
    config::{Config, ConfigError},
    refusal,
};
use crate::{
    GatewayError,
    retry::Limits,
    wire::{Answer, Setup, Wire, date},
};

/// The way to Stripe.
pub(super) struct Transport {
    wire: Wire,
    base: String,
    files: String,
    key: SecretString,
    account: Option<String>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(config: &Config, limits: Limits) -> Result<Self, ConfigError> {
        let per_second = NonZeroU32::new(config.requests_per_second).ok_or(ConfigError::Limits)?;
        let wire = Wire::new(&Setup {
            provider: Provider::Stripe,
            https_only: config.api_base.scheme() == "https",
            per_second,
            limits,
            advice: Some("stripe-should-retry"),
        });
        Ok(Self {
            wire: wire.map_err(ConfigError::Client)?,
            base: format!("{}/v1", config.api_base.as_str().trim_end_matches('/')),
            files: files_base(&config.api_base),
            key: config.secret_key.clone(),
            account: config.account.clone(),
        })
    }

    /// Sends `request`, again where that is safe and may help.
    pub(super) async fn call(
        &self,
        request: &RequestBuilder,
        idempotency_key: Option<&str>,
    ) -> Result<Answer, GatewayError> {
        let repeatable = idempotency_key.is_some() || !matches!(request.method, StripeMethod::Post);
        let make = |http: &Client| self.request(http, request, idempotency_key);
        let refusal = |status, body: &[u8], headers: &http::HeaderMap| {
            refusal::read(status, body, self.account.as_deref(), date(headers))
        };
        self.wire.call(repeatable, make, refusal).await
    }

    /// Sends a file; with the same `key`, once.
    pub(super) async fn upload(
        &self,
        (kind, body): &(String, Vec<u8>),
        key: &str,
    ) -> Result<Answer, GatewayError> {
        let make = |http: &Client| {
            let url = format!("{}/files", self.files);
            let call = self.signed(http.post(url), Some(key));
            call.header(header::CONTENT_TYPE, kind).body(body.clone())
        };
        let refusal = |status, body: &[u8], headers: &http::HeaderMap| {
            refusal::read(status, body, self.account.as_deref(), date(headers))
        };
        self.wire.call(true, make, refusal).await
    }

    fn request(
        &self,
        http: &Client,
        request: &RequestBuilder,
        key: Option<&str>,
    ) -> reqwest::RequestBuilder {
        let mut url = format!("{}{}", self.base, request.path);
        if let Some(query) = request.query.as_deref().filter(|query| !query.is_empty()) {
            url.push('?');
            url.push_str(query);
        }
        let mut call = self.signed(http.request(method(request.method), url), key);
        if let Some(form) = &request.body {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            call = call.header(header::CONTENT_TYPE, kind).body(form.clone());
        }
        call
    }
}

impl Transport {
    /// Says who calls, for whom, and under which key.
    fn signed(&self, call: reqwest::RequestBuilder, key: Option<&str>) -> reqwest::RequestBuilder {
        let mut call =
            call.bearer_auth(self.key.expose_secret()).header("stripe-version", VERSION.as_str());
        if let Some(account) = &self.account {
            call = call.header("stripe-account", account);
        }
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        call
    }
}

/// Stripe takes files at an address of their own; whatever plays Stripe takes them at its one.
fn files_base(api_base: &Url) -> String {
    if api_base.host_str() == Some("api.stripe.com") {
        return "https://files.stripe.com/v1".to_owned();
    }
    format!("{}/v1", api_base.as_str().trim_end_matches('/'))
}

fn method(method: StripeMethod) -> Method {
    match method {
        StripeMethod::Get => Method::GET,
        StripeMethod::Post => Method::POST,
        StripeMethod::Delete => Method::DELETE,
    }
}

#[cfg(test)]
mod tests;
