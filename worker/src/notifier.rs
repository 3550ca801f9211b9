//! Signed webhooks to the operator's own systems (Standard Webhooks 1.0).

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use url::Url;

/// Longest time for one delivery: a receiver has to answer before it works.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Letters of a target's name.
const NAME: usize = 16;

/// Where notifications go, and what they are signed with.
#[derive(Clone, Default)]
pub struct Notifier {
    targets: Arc<[Target]>,
    /// Each signs; a receiver needs to know one, so that they can be rolled.
    secrets: Arc<[SecretSlice<u8>]>,
    http: Option<Client>,
}

/// An address, and its name in jobs.
#[derive(Clone)]
struct Target {
    name: String,
    url: Url,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a secret.
        f.debug_struct("Notifier").field("targets", &self.targets.len()).finish_non_exhaustive()
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It was taken.
    Taken,
    /// The receiver says that it wants no more, ever.
    Gone,
    /// The settings name no such address any more.
    Unknown,
}

/// Why a delivery is to be tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// The receiver answered, and not with success; a redirect is none.
    #[error("the receiver answered {0}")]
    Answered(u16),
    /// It did not answer in time.
    #[error("the receiver did not answer")]
    Silent(#[source] reqwest::Error),
}

impl Notifier {
    /// Notifies `urls`, which the settings have found to be https or on this machine, and signs with
    /// each of `secrets`.
    pub fn new(urls: Vec<Url>, secrets: Vec<SecretSlice<u8>>) -> Result<Self, reqwest::Error> {
        if urls.is_empty() {
            return Ok(Self::default());
        }
        let http = Client::builder()
            .user_agent(concat!("quittance/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        let target = |url: Url| Target { name: name(&url), url };
        let targets = urls.into_iter().map(target).collect();
        Ok(Self { targets, secrets: secrets.into(), http: Some(http) })
    }

    /// The names of all targets.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|target| &*target.name)
    }

    /// Delivers `body` to `target` as the message `id`, at `seconds` since 1970.
    pub(crate) async fn deliver(
        &self,
        target: &str,
        id: &str,
        seconds: i64,
        body: &str,
    ) -> Result<Delivered, NotTaken> {
        let target = self.targets.iter().find(|known| known.name == target);
        let (Some(target), Some(http)) = (target, &self.http) else {
            return Ok(Delivered::Unknown);
        };
        let request = http
            .post(target.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", self.signatures(id, seconds, body))
            .body(body.to_owned());
        // Neither log nor row may hold the address.
        let silent = |error: reqwest::Error| NotTaken::Silent(error.without_url());
        let status = request.send().await.map_err(silent)?.status();
        match status.as_u16() {
            200..300 => Ok(Delivered::Taken),
            410 => Ok(Delivered::Gone),
            status => Err(NotTaken::Answered(status)),
        }
    }

    fn signatures(&self, id: &str, seconds: i64, body: &str) -> String {
        let sign = |secret: &SecretSlice<u8>| {
            let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret());
            let mut mac = mac.expect("any length is a key");
            mac.update(format!("{id}.{seconds}.{body}").as_bytes());
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        };
        self.secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

fn name(url: &Url) -> String {
    hex::encode(Sha256::digest(url.as_str())).chars().take(NAME).collect()
}
