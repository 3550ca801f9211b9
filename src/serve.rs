//! The processes: ingress, worker, or both in one.

use std::net::SocketAddr;

use boot::{
    Clock, Config, Shutdown,
    config::{PaypalKeys, StripeForm, StripeKeys},
};
use ingress::{App, AttackLimits, Bound, Options, SignIns, TokenKey, guard::GuardOptions};
use payments::core::{AdjustmentPolicy, RefundPolicy};
use poem::{Endpoint, Route};
use portal::{PaypalJs, Portal, StripeJs};
use sandbox::{Authority, PaypalConfig, Sandbox};
use worker::Workers;

use crate::{Parts, watch};

/// Which half of the work a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Both,
    /// HTTP.
    Ingress,
    /// Jobs.
    Worker,
}

/// Runs until `shutdown`, then stops without losing what was begun.
pub async fn run(config: &Config, role: Role, shutdown: &Shutdown) -> anyhow::Result<()> {
    boot::watchdog::start();
    let parts = Parts::open(config, Clock::System).await?;
    let bound = match role {
        Role::Both | Role::Ingress => Some(ingress::bind(config.listen).map_err(|error| {
            anyhow::anyhow!("cannot listen on {}: {error}; set LISTEN_ADDR", config.listen)
        })?),
        Role::Worker => None,
    };
    let serving = match bound {
        Some(bound) => Some(serve_http(config, &parts, bound, shutdown)?),
        None => None,
    };
    let shown = match (role, config.worker_listen) {
        (Role::Worker, Some(address)) => Some(show(config, &parts, address, shutdown)?),
        (Role::Worker, None) | (Role::Both | Role::Ingress, _) => None,
    };
    let workers = match role {
        Role::Both | Role::Worker => Some(start_workers(config, parts, shutdown)),
        Role::Ingress => None,
    };
    shutdown.signalled().await;
    tracing::info!("stopping");
    if let Some(serving) = serving {
        serving.await??;
    }
    if let Some(workers) = workers {
        workers.stop().await;
    }
    if let Some(shown) = shown {
        shown.await??;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Shows how a process is that only works, at `address`.
fn show(
    config: &Config,
    parts: &Parts,
    address: SocketAddr,
    shutdown: &Shutdown,
) -> anyhow::Result<tokio::task::JoinHandle<std::io::Result<()>>> {
    let bound = ingress::bind(address).map_err(|error| {
        anyhow::anyhow!("cannot listen on {address}: {error}; set WORKER_LISTEN_ADDR")
    })?;
    let routes = ingress::worker_routes(&parts.store, shutdown);
    tracing::info!(address = %bound.address(), "showing metrics and health");
    let http = &config.file.http;
    Ok(tokio::spawn(bound.serve(routes, http.into(), shutdown.clone(), http.drain())))
}

fn serve_http(
    config: &Config,
    parts: &Parts,
    bound: Bound,
    shutdown: &Shutdown,
) -> anyhow::Result<tokio::task::JoinHandle<std::io::Result<()>>> {
    let authority = parts.authority.as_ref();
    let sandbox = authority.map(|authority| sandbox(config, authority)).transpose()?;
    let (endpoint, address) =
        (endpoint(config, parts, sandbox.as_ref(), shutdown), bound.address());
    tracing::info!(%address, sandbox = config.sandbox, "listening");
    let serving = bound.serve(
        endpoint,
        GuardOptions::from(&config.file.http),
        shutdown.clone(),
        config.file.http.drain(),
    );
    Ok(tokio::spawn(serving))
}

/// The sandbox that plays the providers of `config`.
pub fn sandbox(config: &Config, authority: &Authority) -> anyhow::Result<Sandbox> {
    let keys = config.stripe.as_ref();
    let secret = keys.and_then(|keys| keys.webhook_secrets.first()).cloned();
    let webhook_secret = secret.ok_or_else(|| anyhow::anyhow!("the sandbox has no secret"))?;
    let public_url = config.public_url.as_str().trim_end_matches('/').to_owned();
    // By the address we listen on: a public name may lead through a proxy that is not there yet.
    let mut target = config.listen;
    if target.ip().is_unspecified() {
        target.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    Ok(Sandbox::new(sandbox::Config {
        public_url,
        webhook_url: format!("http://{target}/webhooks/stripe"),
        webhook_secret,
        paypal: paypal(config, authority, &target)?,
        mailbox: Some(config.data_dir.join("mail")),
        clock: Clock::System,
    })?)
}

fn paypal(
    config: &Config,
    authority: &Authority,
    target: &std::net::SocketAddr,
) -> anyhow::Result<PaypalConfig> {
    let keys = config.paypal.clone();
    let keys = keys.ok_or_else(|| anyhow::anyhow!("the sandbox has no PayPal account"))?;
    Ok(PaypalConfig {
        client_id: keys.client_id,
        client_secret: keys.client_secret,
        merchant_id: keys.merchant_id.unwrap_or_default(),
        webhook_id: keys.webhook_id,
        webhook_url: format!("http://{target}/webhooks/paypal"),
        api_base: keys.api_base.to_string(),
        authority: authority.clone(),
    })
}

/// Everything that answers HTTP.
pub fn endpoint(
    config: &Config,
    parts: &Parts,
    sandbox: Option<&Sandbox>,
    shutdown: &Shutdown,
) -> impl Endpoint + 'static {
    let app = App::new(
        &parts.store,
        &parts.gateways,
        &parts.policies,
        &parts.dispatcher,
        TokenKey::new(&config.jwt_secret),
        shutdown,
        options(config, parts),
    );
    let pages = portal::routes(Portal {
        store: parts.store.clone(),
        cashier: app.cashier().clone(),
        replayer: app.replayer().clone(),
        reconciler: app.reconciler().clone(),
        files: app.files(),
        metrics: boot::telemetry::install_metrics(),
        refunds: refund_policy(config),
        adjustments: adjustment_policy(config),
        sign_ins: SignIns::new(
            config.file.limits.sign_ins_per_minute_per_address,
            config.file.http.trust_forwarded_for,
        ),
        token_key: app.token_key().clone(),
        sandbox: config.sandbox,
        public_url: config.public_url.clone(),
        hosts: config.cors_allowed_origins.clone(),
        stripe: config.stripe.as_ref().and_then(|keys| stripe_js(keys, config)),
        paypal: config.paypal.as_ref().map(paypal_js),
    });
    let mut others = Route::new().nest("/", pages);
    if let Some(sandbox) = sandbox {
        others = others.nest("/sandbox", sandbox.pages()).nest("/v1", sandbox.stripe_api());
    }
    ingress::routes(app, others)
}

fn stripe_js(keys: &StripeKeys, config: &Config) -> Option<StripeJs> {
    let publishable_key = keys.publishable_key.clone()?;
    let hosted = config.file.checkout.stripe == StripeForm::Hosted;
    Some(StripeJs { publishable_key, account: keys.account.clone(), hosted })
}

fn paypal_js(keys: &PaypalKeys) -> PaypalJs {
    PaypalJs { client_id: keys.client_id.clone() }
}

fn options(config: &Config, parts: &Parts) -> Options {
    let (http, limits) = (&config.file.http, &config.file.limits);
    let own = config.public_url.origin().ascii_serialization();
    let mut origins = vec![own];
    origins.extend_from_slice(&config.cors_allowed_origins);
    Options {
        webhook_body_limit: http.webhook_body_limit_bytes,
        body_timeout: http.body_timeout(),
        requests_per_minute: limits.api_requests_per_minute_per_user,
        requests_per_minute_per_address: limits.api_requests_per_minute_per_address,
        trust_forwarded_for: http.trust_forwarded_for,
        signature_failures_per_minute: limits.signature_failures_per_minute_per_address,
        origins,
        seller: parts.context.seller.clone(),
        fonts: parts.context.fonts.clone(),
        refunds: refund_policy(config),
        adjustments: adjustment_policy(config),
        attacks: AttackLimits {
            forged_signatures: config.file.breaker.forged_signatures_per_minute,
            sign_in_failures: config.file.breaker.sign_in_failures_per_minute,
            pauses: watch::pauses(&config.file.breaker),
        },
    }
}

/// The seller's rules about refunds.
pub fn refund_policy(config: &Config) -> RefundPolicy {
    let refunds = &config.file.refunds;
    RefundPolicy {
        days: refunds.days,
        appeal_days: refunds.appeal_days,
        two_people_above: above(refunds.two_people_above),
    }
}

/// From when on changing a balance by hand takes two people.
fn adjustment_policy(config: &Config) -> AdjustmentPolicy {
    AdjustmentPolicy { two_people_above: above(config.file.adjustments.two_people_above) }
}

/// A limit as it is configured: 0 is none.
fn above(limit: u64) -> Option<i64> {
    (limit > 0).then(|| i64::try_from(limit).unwrap_or(i64::MAX))
}

/// Starts the workers of `config` over `parts`.
pub fn start_workers(config: &Config, parts: Parts, shutdown: &Shutdown) -> Workers {
    let lanes = &config.file.lanes;
    let options = worker::Options {
        concurrency: [lanes.events, lanes.money, lanes.mail, lanes.upkeep],
        sweep_interval: config.file.worker.sweep_interval(),
        drain: config.file.worker.drain(),
        schedules: true,
    };
    let workers = Workers::start(&parts.context, parts.source, &options, shutdown);
    tracing::info!(worker = %parts.context.worker, "taking jobs");
    workers
}
