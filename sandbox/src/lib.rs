//! Stripe as a stateful local server, so that everything runs offline.
//!
//! It speaks Stripe's API version 2026-09-30.endive to clients that cannot tell the difference,
//! sends signed webhooks, and makes things go wrong on request. It holds no money and no card.
//!
//! **Invariant:** nothing here knows our own tables or rules, and nothing here takes a live key.

mod api;
mod delivery;
mod faults;
mod ids;
mod pages;
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
    stripe::{Event, Origin, State, Work},
};
pub use self::{delivery::Delivery, faults::Faults};

/// What a sandbox needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where browsers reach us, without a slash at the end: `http://127.0.0.1:5000`.
    pub public_url: String,
    /// Where events go: `http://127.0.0.1:5000/webhooks/stripe`. Nowhere, if empty.
    pub webhook_url: String,
    /// What events are signed with.
    pub webhook_secret: SecretString,
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
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "not an http or https address: {url}"),
            Self::Faults(why) => f.write_str(why),
            Self::Client(_) => f.write_str("cannot make an HTTP client for webhooks"),
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Client(error) => Some(error),
            Self::Url(_) | Self::Faults(_) => None,
        }
    }
}

/// Stripe, more or less.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

/// What all clones of a sandbox share.
struct Inner {
    config: Config,
    state: Arc<Mutex<State>>,
    dice: Mutex<Dice>,
    keys: Keys,
    deliverer: Arc<Deliverer>,
}

impl Sandbox {
    /// A sandbox in which nothing has happened yet. Call it inside a tokio runtime.
    pub fn new(mut config: Config) -> Result<Self, SandboxError> {
        config.public_url.truncate(config.public_url.trim_end_matches('/').len());
        check_url(&config.public_url)?;
        if !config.webhook_url.is_empty() {
            check_url(&config.webhook_url)?;
        }
        let state = Arc::new(Mutex::new(State::new()));
        let deliverer = Deliverer::new(
            config.webhook_url.clone(),
            config.webhook_secret.clone(),
            config.clock.clone(),
            Arc::clone(&state),
        )?;
        let dice = Mutex::new(Dice::new(Faults::default()));
        Ok(Self(Arc::new(Inner { config, state, dice, keys: Keys::new(), deliverer })))
    }

    /// Everything, to be nested at `/sandbox`: pages, `control/…`, and the API at `stripe/v1/…`.
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

    /// Every try to deliver an event so far, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.deliverer.deliveries()
    }

    /// Returns when no delivery is pending.
    pub async fn settle(&self) {
        self.0.deliverer.settle().await;
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
        result
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
