//! Calls over HTTP, safe to repeat: what the adapters share.
//!
//! Each call is tried a few times with one idempotency key, so that it takes effect once. Where
//! a try may have taken effect, no later try's excuse hides that.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use entities::{Provider, Timestamp};
use http::{HeaderMap, header};
use reqwest::{Client, RequestBuilder, Response, redirect};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio::time::Instant;
use url::{Host, Url};

use crate::{
    GatewayError, NetError, Unreadable,
    retry::{Failed, Limits, settle, worse},
    valve::Valve,
};

/// A page of a hundred events with all the metadata a provider allows stays below.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Enough for every call in flight under the limiter; more would only lie idle.
const MAX_IDLE: usize = 32;

/// Shorter than the minute after which load balancers drop idle connections.
const IDLE: Duration = Duration::from_secs(50);

const USER_AGENT: &str = concat!("quittance/", env!("CARGO_PKG_VERSION"));

/// The way to one provider: one pool of connections, one limit on calls, one breaker.
pub(crate) struct Wire {
    provider: Provider,
    http: Client,
    valve: Valve,
    limits: Limits,
    /// The header by which the provider advises whether to try again.
    advice: Option<&'static str>,
}

/// What a provider answered to a call that succeeded.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    /// When it answered, by its own clock.
    pub(crate) at: Option<Timestamp>,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> Result<&str, Unreadable> {
        std::str::from_utf8(&self.body).map_err(|_| Unreadable::new("the answer is not UTF-8"))
    }
}

/// How calls of one adapter are made.
pub(crate) struct Setup {
    pub(crate) provider: Provider,
    pub(crate) https_only: bool,
    pub(crate) per_second: NonZeroU32,
    pub(crate) limits: Limits,
    pub(crate) advice: Option<&'static str>,
}

impl Wire {
    pub(crate) fn new(setup: &Setup) -> Result<Self, reqwest::Error> {
        let http = client(setup.limits.connect, setup.limits.exchange, setup.https_only)?;
        let valve = Valve::new(setup.per_second);
        let Setup { provider, limits, advice, .. } = *setup;
        Ok(Self { provider, http, valve, limits, advice })
    }

    /// Sends what `request` makes, again where that is safe (`repeatable`) and may help; what is
    /// refused is read by `refusal`.
    pub(crate) async fn call(
        &self,
        repeatable: bool,
        request: impl Fn(&Client) -> RequestBuilder + Send + Sync,
        refusal: impl Fn(u16, &[u8], &HeaderMap) -> GatewayError + Send + Sync,
    ) -> Result<Answer, GatewayError> {
        let last_start = Instant::now() + self.limits.starts_within;
        let mut doubt = None;
        let mut tries = 0;
        loop {
            let failed = match self.attempt(request(&self.http), &refusal, last_start).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            tries += 1;
            let pause = self.limits.pause(tries, &failed).filter(|_| repeatable);
            match pause {
                Some(pause) if Instant::now() + pause <= last_start => {
                    let provider = self.provider.as_str();
                    tracing::debug!(provider, tries, error = %failed.error, "a call is tried again");
                    doubt = Some(worse(doubt, failed.error));
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(settle(doubt, failed.error)),
            }
        }
    }

    async fn attempt(
        &self,
        request: RequestBuilder,
        refusal: &(impl Fn(u16, &[u8], &HeaderMap) -> GatewayError + Send + Sync),
        last_start: Instant,
    ) -> Result<Answer, Failed> {
        let entered = self.valve.enter(last_start).await;
        let resting = matches!(entered, Err(GatewayError::Net(NetError::Resting(_))));
        metrics::gauge!("quittance_provider_resting", "provider" => self.provider.as_str())
            .set(f64::from(u8::from(resting)));
        entered.map_err(Failed::new)?;
        let tried = self.exchange(request, refusal).await;
        let error = tried.as_ref().err().map(|failed| &failed.error);
        self.valve.note(error);
        if let Some(kind) = error.and_then(trouble) {
            let provider = self.provider.as_str();
            metrics::counter!("quittance_provider_errors_total", "provider" => provider, "kind" => kind)
                .increment(1);
        }
        tried
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
        refusal: &(impl Fn(u16, &[u8], &HeaderMap) -> GatewayError + Send + Sync),
    ) -> Result<Answer, Failed> {
        let response = request.send().await.map_err(|error| Failed::new(broken(error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response, MAX_ANSWER).await;
        if status.is_success() {
            // The provider has done it; only the answer is lost.
            let body = body.map_err(|unreadable| Failed::new(GatewayError::Shape(unreadable)))?;
            return Ok(Answer { body, at: date(&headers) });
        }
        let error = refusal(status.as_u16(), &body.unwrap_or_default(), &headers);
        Err(Failed::answered(error, &headers, self.advice))
    }
}

/// What kind of trouble the provider's side has; `None` for a refusal, which is an answer.
fn trouble(error: &GatewayError) -> Option<&'static str> {
    match error {
        GatewayError::Api { status: 500.., .. } => Some("failed"),
        GatewayError::Net(NetError::Exchange(_)) => Some("silent"),
        GatewayError::Shape(_) => Some("unreadable"),
        GatewayError::Api { .. } | GatewayError::Net(NetError::Busy | NetError::Resting(_)) => None,
    }
}

/// A client that follows no redirect and no proxy of the environment's.
pub(crate) fn client(
    connect: Duration,
    whole: Duration,
    https_only: bool,
) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(connect)
        .timeout(whole)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MAX_IDLE)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .https_only(https_only)
        .build()
}

/// The address stays out of the error: its query may name people.
pub(crate) fn broken(error: reqwest::Error) -> GatewayError {
    GatewayError::Net(NetError::Exchange(error.without_url()))
}

/// The whole body, unless it breaks off or is larger than `limit`.
pub(crate) async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Unreadable> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|_| Unreadable::new("the answer broke off"))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > limit {
            return Err(Unreadable::new("the answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
}

/// When an answer was given, by the clock of who gave it.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from_seconds(date.unix_timestamp()))
}

/// Whether `url` may be the base of an API; in the words that complete "the address …" if not.
pub(crate) fn check_base(url: &Url, livemode: bool) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("may not hold a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("may not hold a query or fragment");
    }
    match url.scheme() {
        "http" if !is_loopback(url) => Err("is not encrypted"),
        "http" if livemode => Err("is not encrypted, and the key is live"),
        "https" | "http" => Ok(()),
        _ => Err("is not of the web"),
    }
}

/// Whether `url` never leaves the machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}
