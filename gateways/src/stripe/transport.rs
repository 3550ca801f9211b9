//! Calls to Stripe, safe to repeat.
//!
//! Each call is tried a few times with one idempotency key, so that it takes effect once. Where
//! a try may have taken effect, no later try's excuse hides that.

use std::{num::NonZeroU32, time::Duration};

use entities::Timestamp;
use governor::{DefaultDirectRateLimiter, Quota};
use http::{HeaderMap, HeaderValue, header};
use reqwest::{Client, Method, Response, redirect};
use secrecy::{ExposeSecret, SecretString};
use stripe_client_core::{RequestBuilder, StripeMethod, VERSION};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio::time::Instant;

use super::{
    config::{Config, ConfigError},
    refusal,
    retry::{Failed, Limits, settle, worse},
};
use crate::{GatewayError, NetError, Unreadable};

/// A page of a hundred events with all the metadata Stripe allows stays below.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Enough for every call in flight under the limiter; more would only lie idle.
const MAX_IDLE: usize = 32;

/// Shorter than the minute after which load balancers drop idle connections.
const IDLE: Duration = Duration::from_secs(50);

const USER_AGENT: &str = concat!("quittance/", env!("CARGO_PKG_VERSION"));

/// The way to Stripe: one pool of connections, one limit on calls.
pub(super) struct Transport {
    http: Client,
    base: String,
    key: SecretString,
    account: Option<String>,
    limiter: DefaultDirectRateLimiter,
    limits: Limits,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What Stripe answered to a call that succeeded.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    /// When it answered, by its own clock.
    pub(super) at: Option<Timestamp>,
}

impl Transport {
    pub(super) fn new(config: &Config, limits: Limits) -> Result<Self, ConfigError> {
        let http = Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(limits.connect)
            .timeout(limits.exchange)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(config.api_base.scheme() == "https")
            .build()
            .map_err(ConfigError::Client)?;
        let rate = NonZeroU32::new(config.requests_per_second).ok_or(ConfigError::Limits)?;
        Ok(Self {
            http,
            base: format!("{}/v1", config.api_base.as_str().trim_end_matches('/')),
            key: config.secret_key.clone(),
            account: config.account.clone(),
            limiter: DefaultDirectRateLimiter::direct(Quota::per_second(rate)),
            limits,
        })
    }

    /// Sends `request`, again where that is safe and may help.
    pub(super) async fn call(
        &self,
        request: &RequestBuilder,
        idempotency_key: Option<&str>,
    ) -> Result<Answer, GatewayError> {
        let repeatable = idempotency_key.is_some() || !matches!(request.method, StripeMethod::Post);
        let last_start = Instant::now() + self.limits.starts_within;
        let mut doubt = None;
        let mut tries = 0;
        loop {
            let failed = match self.attempt(request, idempotency_key, last_start).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            tries += 1;
            let pause = self.limits.pause(tries, &failed).filter(|_| repeatable);
            match pause {
                Some(pause) if Instant::now() + pause <= last_start => {
                    tracing::debug!(tries, error = %failed.error, "a call to Stripe is tried again");
                    doubt = Some(worse(doubt, failed.error));
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(settle(doubt, failed.error)),
            }
        }
    }

    async fn attempt(
        &self,
        request: &RequestBuilder,
        idempotency_key: Option<&str>,
        last_start: Instant,
    ) -> Result<Answer, Failed> {
        tokio::time::timeout_at(last_start, self.limiter.until_ready())
            .await
            .map_err(|_| Failed::new(GatewayError::Net(NetError::Busy)))?;
        let sent = self.request(request, idempotency_key).send().await;
        let response = sent.map_err(|error| Failed::new(exchange(error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response).await;
        if status.is_success() {
            // Stripe has done it; only the answer is lost.
            let body = body.map_err(|unreadable| Failed::new(GatewayError::Shape(unreadable)))?;
            return Ok(Answer { body, at: date(&headers) });
        }
        let body = body.unwrap_or_default();
        let error = refusal::read(status.as_u16(), &body, self.account.as_deref(), date(&headers));
        Err(Failed::answered(error, &headers))
    }

    fn request(&self, request: &RequestBuilder, key: Option<&str>) -> reqwest::RequestBuilder {
        let mut url = format!("{}{}", self.base, request.path);
        if let Some(query) = request.query.as_deref().filter(|query| !query.is_empty()) {
            url.push('?');
            url.push_str(query);
        }
        let mut call = self
            .http
            .request(method(request.method), url)
            .bearer_auth(self.key.expose_secret())
            .header("stripe-version", VERSION.as_str());
        if let Some(account) = &self.account {
            call = call.header("stripe-account", account);
        }
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        if let Some(form) = &request.body {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            call = call.header(header::CONTENT_TYPE, kind).body(form.clone());
        }
        call
    }
}

fn method(method: StripeMethod) -> Method {
    match method {
        StripeMethod::Get => Method::GET,
        StripeMethod::Post => Method::POST,
        StripeMethod::Delete => Method::DELETE,
    }
}

/// The address stays out of the error: its query may name people.
fn exchange(error: reqwest::Error) -> GatewayError {
    GatewayError::Net(NetError::Exchange(error.without_url()))
}

/// The whole body, unless it breaks off or is larger than any that Stripe sends.
async fn read(mut response: Response) -> Result<Vec<u8>, Unreadable> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|_| Unreadable::new("the answer broke off"))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Unreadable::new("the answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from_seconds(date.unix_timestamp()))
}

#[cfg(test)]
mod tests;
