//! The parts that every process needs, made from its configuration.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use boot::{
    Clock, Config, Db,
    config::{PaypalKeys, PaypalVerification, StripeKeys},
};
use documents::Fonts;
use entities::{JobId, billing::Seller};
use gateways::{Gateway, Gateways, paypal, stripe};
use jobs::{
    Dispatcher,
    tickets::{Carrier, MemoryCarrier, RedisCarrier},
};
use migration::{Migrate, Migrator};
use payments::{
    Store, catalog,
    core::{Policies, Policy},
    vault::Vault,
};
use sandbox::Authority;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use secrecy::ExposeSecret;
use worker::{Mailer, Notifier, Source};

use crate::serve::refund_policy;
use crate::watch;

/// What the keys of all our tickets in Redis begin with.
const PREFIX: &str = "quittance";

/// Nobody else's advisory lock: the letters of the program's name.
const MIGRATION_LOCK: i64 = 0x71_7569_7474;

/// The parts of a process.
#[derive(Debug)]
pub struct Parts {
    /// The database and what belongs to it.
    pub store: Store,
    /// The providers.
    pub gateways: Gateways,
    /// What their facts have to agree with.
    pub policies: Policies,
    /// Tells workers of new jobs.
    pub dispatcher: Dispatcher,
    /// Where this process's own workers take tickets from.
    pub source: Source,
    /// Who signs the certificates of the sandbox, if it is on.
    pub authority: Option<Authority>,
    /// What jobs work with.
    pub context: Arc<worker::Context>,
}

impl Parts {
    /// Opens the database and everything on it.
    pub async fn open(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        Self::open_as(config, clock, PREFIX).await
    }

    /// [`Parts::open`] with keys in Redis that begin with `prefix`: for tests beside each other.
    pub async fn open_as(config: &Config, clock: Clock, prefix: &str) -> anyhow::Result<Self> {
        let db = connect(config).await?;
        if let Some(problem) = db.durability_problem().await? {
            bail!("{problem}");
        }
        migrate_or_refuse(config, &db).await?;
        let store = open_store(config, db, clock).await?;
        let authority = if config.sandbox { Some(Authority::new()?) } else { None };
        let (gateways, policies) = gateways(config, authority.as_ref())?;
        let (carrier, source) = carrier(config, prefix)?;
        let dispatcher = Dispatcher::start(carrier);
        let mailer = mailer(config, &store)?;
        let context = Arc::new(worker::Context {
            store: store.clone(),
            gateways: gateways.clone(),
            policies: policies.clone(),
            dispatcher: dispatcher.clone(),
            refunds: refund_policy(config),
            notifier: notifier(config)?,
            seller: Arc::new(seller(config, mailer.sender())),
            mailer,
            fonts: fonts(config).await?,
            public_url: config.public_url.as_str().into(),
            admin_email: config.admin_email.clone(),
            rest: Arc::default(),
            audit_seen: Arc::default(),
            worker: JobId::new().to_string().replace("job_", "w-").into(),
        });
        Ok(Self { store, gateways, policies, dispatcher, source, authority, context })
    }
}

/// Opens the database; its directory is made if it is ours.
pub async fn connect(config: &Config) -> anyhow::Result<Db> {
    tokio::fs::create_dir_all(&config.data_dir)
        .await
        .with_context(|| format!("{} cannot be made", config.data_dir.display()))?;
    Db::connect(&config.database)
        .await
        .context("the database cannot be opened; check DATABASE_URL and that the server runs")
}

/// Migrates what is ours alone, and refuses to run over a schema that is behind.
///
/// A production database is migrated by `quittance migrate up`, when its operator says so.
async fn migrate_or_refuse(config: &Config, db: &Db) -> anyhow::Result<()> {
    if config.sandbox || db.backend() == DatabaseBackend::Sqlite {
        return migrate(db).await;
    }
    let pending = Migrator::get_pending_migrations(db.writer()).await?;
    if !pending.is_empty() {
        bail!("the schema lacks {} migrations; run: quittance migrate up", pending.len());
    }
    Ok(())
}

/// Applies what is missing of the schema; processes that start together take turns.
pub async fn migrate(db: &Db) -> anyhow::Result<()> {
    let lock = if db.backend() == DatabaseBackend::Postgres {
        let txn = db.begin().await?;
        txn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        Some(txn)
    } else {
        None
    };
    Migrator::up(db.writer(), None).await.context("the schema could not be brought up to date")?;
    if let Some(lock) = lock {
        lock.rollback().await?;
    }
    Ok(())
}

/// Opens the vault and puts the catalogue on sale.
async fn open_store(config: &Config, db: Db, clock: Clock) -> anyhow::Result<Store> {
    let vault = Vault::open(&db, config.master_key.expose(), clock.now())
        .await
        .context("QUITTANCE_MASTER_KEY does not open this database")?;
    let store = Store { db, vault, clock };
    let text = match &config.catalog {
        Some(path) => tokio::fs::read_to_string(path)
            .await
            .with_context(|| format!("CATALOG {} cannot be read", path.display()))?,
        None => catalog::DEFAULT.to_owned(),
    };
    catalog::seed(&store, catalog::parse(&text)?).await?;
    Ok(store)
}

fn gateways(
    config: &Config,
    authority: Option<&Authority>,
) -> anyhow::Result<(Gateways, Policies)> {
    let mut gateways: Vec<(Arc<dyn Gateway>, Option<String>)> = Vec::new();
    if let Some(keys) = &config.stripe {
        let stripe = stripe::Stripe::new(stripe_config(keys)).context("Stripe cannot be set up")?;
        gateways.push((Arc::new(stripe), keys.account.clone()));
    }
    if let Some(keys) = &config.paypal {
        let settings = paypal_config(keys, authority);
        let paypal = paypal::PayPal::new(&settings).context("PayPal cannot be set up")?;
        gateways.push((Arc::new(paypal), keys.merchant_id.clone()));
    }
    if gateways.is_empty() {
        bail!("no provider is set up; set STRIPE_SECRET_KEY or PAYPAL_CLIENT_ID");
    }
    let policies = gateways.iter().map(|(gateway, account)| {
        let policy = Policy {
            livemode: gateway.livemode(),
            account: account.clone(),
            refund_warnings: config.file.refunds.refund_early_fraud_warnings,
            fraud: watch::rules(&config.file.fraud),
            alarms: watch::alarms(&config.file.breaker),
        };
        (gateway.provider(), policy)
    });
    let policies = Policies::new(policies.collect::<Vec<_>>());
    Ok((gateways.into_iter().map(|(gateway, _)| gateway).collect(), policies))
}

fn paypal_config(keys: &PaypalKeys, authority: Option<&Authority>) -> paypal::Config {
    let PaypalKeys { client_id, client_secret, webhook_id, api_base, .. } = keys.clone();
    paypal::Config {
        merchant_id: keys.merchant_id.clone(),
        verification: match keys.verification {
            PaypalVerification::Certificate => paypal::Verification::Certificate,
            PaypalVerification::Postback => paypal::Verification::Postback,
        },
        certificate_name: keys.certificate_name.clone(),
        authority: authority.map(Authority::certificate),
        ..paypal::Config::new(client_id, client_secret, webhook_id, api_base)
    }
}

fn stripe_config(keys: &StripeKeys) -> stripe::Config {
    stripe::Config {
        api_base: keys.api_base.clone(),
        account: keys.account.clone(),
        tolerance: keys.tolerance,
        ..stripe::Config::new(keys.secret_key.clone(), keys.webhook_secrets.clone())
    }
}

fn carrier(config: &Config, prefix: &str) -> anyhow::Result<(Arc<dyn Carrier>, Source)> {
    if let Some(url) = &config.redis_url {
        let carrier = RedisCarrier::new(url.expose_secret(), prefix)
            .context("REDIS_URL cannot be used; write redis://host:6379")?;
        return Ok((Arc::new(carrier.clone()), Source::Redis(carrier)));
    }
    let (carrier, tickets) = MemoryCarrier::new();
    Ok((Arc::new(carrier), Source::Memory(tickets)))
}

fn mailer(config: &Config, store: &Store) -> anyhow::Result<Mailer> {
    let from = &config.mail_from;
    let mailer = match &config.smtp_url {
        Some(url) => Mailer::smtp(store, url.expose_secret(), from, config.file.mail.timeout())?,
        None => Mailer::folder(store, config.data_dir.join("mail"), from)?,
    };
    Ok(mailer.at_most(config.file.mail.per_recipient_per_hour))
}

fn notifier(config: &Config) -> anyhow::Result<Notifier> {
    let secrets = config.notify_secrets.clone();
    Notifier::new(config.file.notify_urls(), secrets).context("notifications cannot be set up")
}

/// Who sells, as invoices say it: whom mails are from, unless the settings say more.
fn seller(config: &Config, sender: &str) -> Seller {
    let invoice = &config.file.invoice;
    let name = match invoice.seller_name.trim() {
        "" => sender.to_owned(),
        name => name.to_owned(),
    };
    let tax_id = Some(invoice.seller_tax_id.trim()).filter(|id| !id.is_empty());
    Seller {
        name,
        address: invoice.seller_address.clone(),
        tax_id: tax_id.map(str::to_owned),
        tax_name: invoice.tax_name.clone(),
        tax_basis_points: invoice.tax_basis_points,
    }
}

/// What invoices are written with: the letters that come along, and the operator's.
async fn fonts(config: &Config) -> anyhow::Result<Fonts> {
    let mut fonts = Fonts::default();
    let folder = config.file.invoice.font_dir.trim();
    if folder.is_empty() {
        return Ok(fonts);
    }
    let unreadable = || format!("invoice.font_dir {folder} cannot be read");
    let mut files = tokio::fs::read_dir(folder).await.with_context(unreadable)?;
    let mut paths = Vec::new();
    while let Some(file) = files.next_entry().await.with_context(unreadable)? {
        paths.push(file.path());
    }
    // The same order each time, so that the same invoice is the same file.
    paths.sort();
    let is_font = |path: &std::path::PathBuf| {
        path.extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("ttf") || end.eq_ignore_ascii_case("otf"))
    };
    for path in paths.into_iter().filter(is_font) {
        let data = tokio::fs::read(&path).await.with_context(unreadable)?;
        fonts.add(data).with_context(|| path.display().to_string())?;
    }
    Ok(fonts)
}
