//! Stripe and PayPal as stateful local servers, so that everything runs offline.
//!
//! They speak Stripe's API version 2026-09-30.endive and PayPal's Orders v2 to clients that cannot
//! tell the difference, send signed webhooks, and make things go wrong on request. They hold no money and no card.
//!
//! **Invariant:** nothing here knows our own tables or rules, and nothing here takes a live key.

mod api;
mod delivery;
mod faults;
mod ids;
mod pages;
mod paypal;
mod stripe;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use poem::{Endpoint, Response};
use secrecy::SecretString;
use serde_json::Value;

use self::{
    api::{Api, keys::Keys},
    delivery::Deliverer,
    faults::{CallFate, Dice},
    pages::Pages,
    paypal::{PaypalCourier, PaypalState, PaypalWork},
    stripe::{Event, Origin, State, StripeCourier, Work},
};
pub use self::{
    delivery::Delivery,
    faults::Faults,
    paypal::{Authority, Funding, PayPal, PaypalConfig, Signed},
};

/// How long a bank takes over a debit: days in the world, and long enough to be seen here.
const DEBIT: Duration = Duration::from_secs(3);

/// How long a refund takes that is not made at once: days in the world.
const REFUND: Duration = Duration::from_secs(2);

/// What a sandbox needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where browsers reach us, without a slash at the end: `http://127.0.0.1:5000`.
    pub public_url: String,
    /// Where events go: `http://127.0.0.1:5000/webhooks/stripe`. Nowhere, if empty.
    pub webhook_url: String,
    /// What events are signed with.
    pub webhook_secret: SecretString,
    /// The PayPal half.
    pub paypal: PaypalConfig,
    /// A folder of `.eml` files to show.
    pub mailbox: Option<PathBuf>,
    /// Tells the time.
    pub clock: boot::Clock,
}

/// Why a sandbox cannot be.
#[derive(Debug)]
pub enum SandboxError {
    /// An address in the configuration is not one.
    Url(String),
    /// Faults that make no sense.
    Faults(String),
    /// The HTTP client for webhooks could not be made.
    Client(reqwest::Error),
    /// Keys or certificates could not be made.
    Certificates(rcgen::Error),
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "not an http or https address: {url}"),
            Self::Faults(why) => f.write_str(why),
            Self::Client(_) => f.write_str("cannot make an HTTP client for webhooks"),
            Self::Certificates(_) => f.write_str("cannot make keys and certificates"),
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Client(error) => Some(error),
            Self::Certificates(error) => Some(error),
            Self::Url(_) | Self::Faults(_) => None,
        }
    }
}

impl From<rcgen::Error> for SandboxError {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificates(error)
    }
}

/// Stripe and PayPal, more or less.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

/// What all clones of a sandbox share.
struct Inner {
    config: Config,
    state: Arc<Mutex<State>>,
    dice: Mutex<Dice>,
    keys: Keys,
    deliverer: Arc<Deliverer>,
    paypal: Arc<Mutex<PaypalState>>,
    paypal_deliverer: Arc<Deliverer>,
}

impl Sandbox {
    /// A sandbox in which nothing has happened yet. Call it inside a tokio runtime.
    pub fn new(mut config: Config) -> Result<Self, SandboxError> {
        config.public_url.truncate(config.public_url.trim_end_matches('/').len());
        check_url(&config.public_url)?;
        let base = &mut config.paypal.api_base;
        base.truncate(base.trim_end_matches('/').len());
        check_url(base)?;
        for url in [&config.webhook_url, &config.paypal.webhook_url] {
            if !url.is_empty() {
                check_url(url)?;
            }
        }
        let state = Arc::new(Mutex::new(State::new()));
        let courier =
            StripeCourier { secret: config.webhook_secret.clone(), state: Arc::clone(&state) };
        let (target, clock) = (config.webhook_url.clone(), config.clock.clone());
        let deliverer = Deliverer::new(target, Box::new(courier), clock)?;
        let paypal = Arc::new(Mutex::new(PaypalState::new()));
        let courier = PaypalCourier { config: config.paypal.clone(), state: Arc::clone(&paypal) };
        let (target, clock) = (config.paypal.webhook_url.clone(), config.clock.clone());
        let paypal_deliverer = Deliverer::new(target, Box::new(courier), clock)?;
        let dice = Mutex::new(Dice::new(Faults::default()));
        let keys = Keys::new();
        let inner = Inner { config, state, dice, keys, deliverer, paypal, paypal_deliverer };
        Ok(Self(Arc::new(inner)))
    }

    /// The PayPal half.
    pub fn paypal(&self) -> PayPal {
        PayPal(Arc::clone(&self.0))
    }

    /// Everything, to be nested at `/sandbox`: pages, `control/…`, and the APIs at `stripe/v1/…` and
    /// `paypal/v1/…`, `paypal/v2/…`.
    pub fn pages(&self) -> impl Endpoint<Output = Response> + use<> {
        Pages(Arc::clone(&self.0))
    }

    /// The Stripe API alone, to be nested at `/v1`.
    pub fn stripe_api(&self) -> impl Endpoint<Output = Response> + use<> {
        Api(Arc::clone(&self.0))
    }

    /// Lets things go wrong from now on. Percentages above 100 count as 100.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.0.dice) = Dice::new(faults);
    }

    /// Every event so far, oldest first.
    pub fn events(&self) -> Vec<Value> {
        lock(&self.0.state).events.iter().map(Event::view).collect()
    }

    /// Refunds `amount` of the payment intent `id` as if in Stripe's dashboard; all that is left, if
    /// `None`. Returns the refund's id.
    pub fn refund(&self, id: &str, amount: Option<i64>) -> Option<String> {
        let made = self.0.work(Origin::default(), |work| work.refund_in_dashboard(id, amount));
        Some(made.ok()?["id"].as_str()?.to_owned())
    }

    /// The payer of the payment intent `id` goes to the bank. Returns the dispute's id.
    pub fn dispute(&self, id: &str, reason: &str) -> Option<String> {
        let made = self.0.work(Origin::default(), |work| work.open_dispute(id, reason, false));
        Some(made.ok()?["id"].as_str()?.to_owned())
    }

    /// The bank of the payer of the payment intent `id` suspects fraud. Returns the warning's id.
    pub fn warn(&self, id: &str, fraud_type: &str) -> Option<String> {
        let made = self.0.work(Origin::default(), |work| work.warn(id, fraud_type));
        Some(made.ok()?["id"].as_str()?.to_owned())
    }

    /// The bank decides about the dispute `id`; false if there is nothing to decide.
    pub fn decide_dispute(&self, id: &str, won: bool) -> bool {
        self.0.work(Origin::default(), |work| work.decide_dispute(id, won)).is_ok()
    }

    /// Every try to deliver an event so far, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.deliverer.deliveries()
    }

    /// Returns when no delivery is pending.
    pub async fn settle(&self) {
        self.0.deliverer.settle().await;
        self.0.paypal_deliverer.settle().await;
    }

    /// Sends events to `url` from now on; nowhere, if it is empty.
    pub fn set_webhook_target(&self, url: String) {
        self.0.deliverer.set_target(url);
    }
}

impl Inner {
    /// Now, in seconds since 1970.
    fn now(&self) -> i64 {
        self.config.clock.now().seconds()
    }

    /// What is to happen to an API call.
    fn roll_call(&self) -> CallFate {
        lock(&self.dice).call()
    }

    /// Works on the state on behalf of `origin`, and sends the events that this makes.
    fn work<T>(self: &Arc<Self>, origin: Origin, job: impl FnOnce(&mut Work<'_>) -> T) -> T {
        let processing_ms = lock(&self.dice).faults().processing_ms;
        let mut state = lock(&self.state);
        let mut work = Work {
            state: &mut state,
            now: self.now(),
            origin,
            pages: &self.config.public_url,
            webhooks: !self.deliverer.target().is_empty(),
            slow: processing_ms > 0,
            made: Vec::new(),
            processing: Vec::new(),
            debited: Vec::new(),
            refunding: Vec::new(),
        };
        let result = job(&mut work);
        for id in std::mem::take(&mut work.made) {
            if let Some(event) = work.state.events.get(&id) {
                let fate = lock(&self.dice).webhook();
                self.deliverer.start(&id, &format!("{:#}", event.view()), fate);
            }
        }
        for id in std::mem::take(&mut work.processing) {
            self.conclude_later(id, Duration::from_millis(processing_ms));
        }
        for id in std::mem::take(&mut work.debited) {
            self.conclude_later(id, DEBIT.max(Duration::from_millis(processing_ms)));
        }
        for id in std::mem::take(&mut work.refunding) {
            self.conclude_refund_later(id);
        }
        result
    }

    /// Works on the PayPal half, and sends the events that this makes.
    fn paypal_work<T>(self: &Arc<Self>, job: impl FnOnce(&mut PaypalWork<'_>) -> T) -> T {
        let mut state = lock(&self.paypal);
        let mut work = PaypalWork {
            state: &mut state,
            now: self.now(),
            config: &self.config.paypal,
            pages: &self.config.public_url,
            made: Vec::new(),
        };
        let result = job(&mut work);
        for id in std::mem::take(&mut work.made) {
            if let Some(event) = work.state.events.get(&id) {
                let fate = lock(&self.dice).webhook();
                self.paypal_deliverer.start(&id, &event.text, fate);
            }
        }
        result
    }

    /// Lets the refund `id` become what it becomes, unless the sandbox is gone by then.
    fn conclude_refund_later(self: &Arc<Self>, id: String) {
        let (sandbox, ticket) = (Arc::downgrade(self), self.deliverer.ticket());
        tokio::spawn(async move {
            tokio::time::sleep(REFUND).await;
            if let Some(sandbox) = sandbox.upgrade() {
                sandbox.work(Origin::default(), |work| work.conclude_refund(&id));
            }
            drop(ticket);
        });
    }

    /// Ends the processing of the intent `id` after a while, unless the sandbox is gone by then.
    fn conclude_later(self: &Arc<Self>, id: String, after: Duration) {
        let (sandbox, ticket) = (Arc::downgrade(self), self.deliverer.ticket());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(sandbox) = sandbox.upgrade() {
                // A decline is told by an event; nobody waits for it here.
                drop(sandbox.work(Origin::default(), |work| work.conclude(&id)));
            }
            drop(ticket);
        });
    }
}

/// Takes a lock; whoever panicked with it left nothing half done that could hurt.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check_url(text: &str) -> Result<(), SandboxError> {
    let sound = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if sound { Ok(()) } else { Err(SandboxError::Url(text.to_owned())) }
}
