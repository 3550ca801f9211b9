use std::{net::IpAddr, sync::Arc, time::Duration};

use boot::{Clock, Shutdown, telemetry::Metrics};
use documents::Fonts;
use entities::{Provider, billing::Seller};
use gateways::{Gateway, Gateways};
use jobs::Dispatcher;
use payments::{
    Store,
    core::{AdjustmentPolicy, Policies, RefundPolicy},
    inbox::Recorder,
};
use poem::Request;

use crate::{
    AttackLimits, Cashier, Files, Problem, Reconciler, Replayer, TokenKey, Watch,
    figures::Sampler,
    health::Pulse,
    limits::{self, Limits},
};

/// What the ingress is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Largest webhook body taken, in bytes.
    pub webhook_body_limit: usize,
    /// Longest time a body may take to arrive.
    pub body_timeout: Duration,
    /// Requests a user may make in a minute.
    pub requests_per_minute: u32,
    /// API requests an address may make in a minute.
    pub requests_per_minute_per_address: u32,
    /// Whether the last address of `X-Forwarded-For` is the client's: only behind a proxy of ours.
    pub trust_forwarded_for: bool,
    /// Webhooks with a wrong signature that an address may send in a minute before it is answered
    /// without being looked at twice.
    pub signature_failures_per_minute: u32,
    /// Origins whose scripts may call the API, our own first.
    pub origins: Vec<String>,
    /// Who sells, for invoices.
    pub seller: Arc<Seller>,
    /// What invoices are written with.
    pub fonts: Fonts,
    /// The seller's rules about refunds.
    pub refunds: RefundPolicy,
    /// From when on changing a balance by hand takes two people.
    pub adjustments: AdjustmentPolicy,
    /// What is an attack.
    pub attacks: AttackLimits,
}

impl Options {
    /// The origin by which browsers reach us.
    pub(crate) fn own_origin(&self) -> &str {
        self.origins.first().map_or("", String::as_str)
    }
}

/// What handlers work with.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) gateways: Gateways,
    pub(crate) recorder: Recorder,
    pub(crate) cashier: Cashier,
    pub(crate) replayer: Replayer,
    pub(crate) reconciler: Reconciler,
    pub(crate) token_key: TokenKey,
    pub(crate) metrics: Metrics,
    pub(crate) sampler: Arc<Sampler>,
    pub(crate) shutdown: Shutdown,
    pub(crate) limits: Arc<Limits>,
    pub(crate) watch: Watch,
    pub(crate) options: Arc<Options>,
}

impl App {
    /// An ingress over `store`; starts the tasks that write deliveries down.
    pub fn new(
        store: &Store,
        gateways: &Gateways,
        policies: &Policies,
        dispatcher: &Dispatcher,
        token_key: TokenKey,
        shutdown: &Shutdown,
        options: Options,
    ) -> Self {
        let watch = Watch::new(store, dispatcher, &options.attacks);
        let metrics = boot::telemetry::install_metrics();
        payments::figures::register();
        Self {
            store: store.clone(),
            gateways: gateways.clone(),
            recorder: Recorder::start(store, dispatcher),
            cashier: Cashier::new(store, gateways, policies, dispatcher),
            replayer: Replayer::new(store, gateways, policies, dispatcher),
            reconciler: Reconciler::new(store, gateways, dispatcher),
            token_key: token_key.watched(&watch),
            watch,
            metrics,
            sampler: Arc::default(),
            shutdown: shutdown.clone(),
            limits: Arc::new(Limits::new(&options)),
            options: Arc::new(options),
        }
    }

    /// What begins and confirms payments, for pages that do the same.
    pub fn cashier(&self) -> &Cashier {
        &self.cashier
    }

    /// What proves tokens, for pages that do the same.
    pub fn token_key(&self) -> &TokenKey {
        &self.token_key
    }

    /// What feeds events in again, for pages that do the same.
    pub fn replayer(&self) -> &Replayer {
        &self.replayer
    }

    /// What asks the providers for what never reached us, for pages that do the same.
    pub fn reconciler(&self) -> &Reconciler {
        &self.reconciler
    }

    /// What makes files of payments, for pages that offer the same.
    pub fn files(&self) -> Files {
        Files::new(&self.store, &self.options.seller, &self.options.fonts)
    }

    /// What this process says of itself.
    pub(crate) fn pulse(&self) -> Pulse {
        Pulse {
            store: self.store.clone(),
            shutdown: self.shutdown.clone(),
            metrics: self.metrics.clone(),
            sampler: Some(Arc::clone(&self.sampler)),
        }
    }

    /// The address that is asking.
    pub(crate) fn address(&self, request: &Request) -> IpAddr {
        limits::address(request, self.options.trust_forwarded_for)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.store.clock
    }

    /// Where `reference` of `provider`'s is in its dashboard, for people who have an account there.
    pub(crate) fn gateway_url(&self, provider: Provider, reference: &str) -> Option<String> {
        self.gateways.get(provider)?.refunds()?.dashboard_url(reference)
    }

    pub(crate) fn gateway(&self, provider: &str) -> Result<&Arc<dyn Gateway>, Problem> {
        let provider: Option<Provider> = provider.parse().ok();
        provider.and_then(|provider| self.gateways.get(provider)).ok_or(Problem::UnknownProvider)
    }
}
