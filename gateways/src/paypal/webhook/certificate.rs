//! PayPal's certificates: fetched from PayPal alone, kept for a while, and checked each time.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex as Lock, MutexGuard, PoisonError},
    time::Duration,
};

use entities::Timestamp;
use governor::{DefaultDirectRateLimiter, Quota};
use reqwest::Client;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime, pem::PemObject};
use tokio::{sync::Mutex, time::Instant};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::{Transmission, address::Sources};
use crate::{
    GatewayError, NetError, WebhookError,
    paypal::config::{Config, ConfigError},
    wire,
};

/// How long a certificate is kept; PayPal changes them every few months.
const KEPT: Duration = Duration::from_hours(24);

/// How long an address that led to no certificate is not asked again.
const MISSED: Duration = Duration::from_mins(1);

/// Addresses remembered. PayPal signs with one certificate at a time.
const MAX_KEPT: usize = 16;

/// Whoever sends us made-up names of certificates cannot make us ask PayPal more often than this.
const FETCHES_PER_SECOND: u32 = 5;

/// Longest time for a certificate, which is a few kilobytes; PayPal waits for our answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// A chain of four certificates is a quarter of this.
const MAX_CHAIN: usize = 32 * 1024;

/// Most certificates in one answer.
const MAX_CERTIFICATES: usize = 8;

type Chain = Arc<Vec<CertificateDer<'static>>>;

/// Certificates by their address.
pub(in super::super) struct Certificates {
    sources: Sources,
    /// What they have to be made out to.
    name: ServerName<'static>,
    anchors: Vec<TrustAnchor<'static>>,
    http: Client,
    kept: Lock<HashMap<String, Entry>>,
    /// One fetch at a time; the others find what it brought.
    fetching: Mutex<()>,
    limiter: DefaultDirectRateLimiter,
}

#[derive(Clone)]
struct Entry {
    /// `None` for an address that led to nothing.
    chain: Option<Chain>,
    until: Instant,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("sources", &self.sources).finish_non_exhaustive()
    }
}

impl Certificates {
    pub(in super::super) fn new(config: &Config) -> Result<Self, ConfigError> {
        let bad = |what: &'static str| move |_| ConfigError::Certificates(what);
        let name = ServerName::try_from(config.certificate_name().to_owned())
            .map_err(|_| ConfigError::Certificates("their name is no host name"))?;
        let (sources, anchors) = match &config.authority {
            None => (
                Sources::Hosts(config.certificate_hosts()),
                webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            ),
            Some(der) => {
                let der = CertificateDer::from(der.as_slice());
                let anchor =
                    anchor_from_trusted_cert(&der).map_err(bad("the authority's is unreadable"))?;
                (Sources::Below(config.api_base.clone()), vec![anchor.to_owned()])
            }
        };
        let https_only = config.api_base.scheme() == "https";
        Ok(Self {
            sources,
            name,
            anchors,
            http: wire::client(FETCH_TIMEOUT, FETCH_TIMEOUT, https_only)
                .map_err(ConfigError::Client)?,
            kept: Lock::default(),
            fetching: Mutex::default(),
            limiter: DefaultDirectRateLimiter::direct(Quota::per_second(
                NonZeroU32::new(FETCHES_PER_SECOND).unwrap_or(NonZeroU32::MIN),
            )),
        })
    }

    /// Whether PayPal signed `text`, as `transmission` claims.
    pub(in super::super) async fn verify(
        &self,
        transmission: &Transmission<'_>,
        text: &str,
        now: Timestamp,
    ) -> Result<(), WebhookError> {
        let address = self.sources.resolve(transmission.address);
        let address = address.ok_or(WebhookError::Signature)?;
        let signature = transmission.signature().ok_or(WebhookError::Signature)?;
        let chain = self.chain(&address).await?.ok_or(WebhookError::Signature)?;
        self.check(&chain, text.as_bytes(), &signature, now).ok_or(WebhookError::Signature)
    }

    /// Chain, time, name, and only then the signature itself.
    fn check(
        &self,
        chain: &[CertificateDer<'static>],
        text: &[u8],
        signature: &[u8],
        now: Timestamp,
    ) -> Option<()> {
        let (first, others) = chain.split_first()?;
        let leaf = EndEntityCert::try_from(first).ok()?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds().try_into().ok()?));
        let usage = KeyUsage::server_auth();
        leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &self.anchors, others, now, usage, None, None)
            .ok()?;
        leaf.verify_is_valid_for_subject_name(&self.name).ok()?;
        let algorithm = webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256;
        leaf.verify_signature(algorithm, text, signature).ok()
    }

    /// The certificates at `address`; `None` if there are none.
    async fn chain(&self, address: &str) -> Result<Option<Chain>, WebhookError> {
        if let Some(entry) = self.fresh(address) {
            return Ok(entry.chain);
        }
        let _one_at_a_time = self.fetching.lock().await;
        // Somebody else may have fetched it while we waited.
        if let Some(entry) = self.fresh(address) {
            return Ok(entry.chain);
        }
        match self.fetch(address).await {
            Ok(chain) => {
                let kept = if chain.is_some() { KEPT } else { MISSED };
                self.keep(address, chain.clone(), kept);
                Ok(chain)
            }
            // An old one is as good as it was: its validity is checked each time.
            Err(error) => match self.stale(address) {
                Some(chain) => {
                    self.keep(address, Some(Arc::clone(&chain)), MISSED);
                    Ok(Some(chain))
                }
                None => Err(WebhookError::Unproven(error)),
            },
        }
    }

    async fn fetch(&self, address: &str) -> Result<Option<Chain>, GatewayError> {
        if self.limiter.check().is_err() {
            return Err(GatewayError::Net(NetError::Busy));
        }
        let response = self.http.get(address).send().await.map_err(wire::broken)?;
        let status = response.status();
        if status.is_server_error() {
            return Err(GatewayError::refused(status.as_u16(), "certificate", "not served now"));
        }
        if !status.is_success() {
            return Ok(None);
        }
        let body = wire::read(response, MAX_CHAIN).await.map_err(GatewayError::Shape)?;
        Ok(parse(&body))
    }

    fn fresh(&self, address: &str) -> Option<Entry> {
        self.lock().get(address).filter(|entry| Instant::now() < entry.until).cloned()
    }

    fn stale(&self, address: &str) -> Option<Chain> {
        self.lock().get(address)?.chain.clone()
    }

    fn keep(&self, address: &str, chain: Option<Chain>, time: Duration) {
        let mut kept = self.lock();
        if kept.len() >= MAX_KEPT && !kept.contains_key(address) {
            // Those that led to nothing go first, then the oldest.
            let worst = kept.iter().min_by_key(|(_, entry)| (entry.chain.is_some(), entry.until));
            let worst = worst.map(|(address, _)| address.clone());
            worst.map(|address| kept.remove(&address));
        }
        kept.insert(address.to_owned(), Entry { chain, until: Instant::now() + time });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The certificates in a PEM text, the signer's own first.
fn parse(text: &[u8]) -> Option<Chain> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(text)
        .take(MAX_CERTIFICATES)
        .collect::<Result<_, _>>()
        .ok()?;
    (!chain.is_empty()).then(|| Arc::new(chain))
}
