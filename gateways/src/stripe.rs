//! Stripe.

use std::time::Duration;

use async_trait::async_trait;
use entities::{Provider, Timestamp};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Disputes, Envelope, EventPage, Gateway, GatewayError, Hosted, PaymentOrder, ProviderPayment,
    ReadError, Reading, Refunds, Unreadable, Wallet, WebhookError, retry::Limits, wire::Answer,
};

mod amount;
mod charge;
mod charged;
mod checkout;
mod config;
mod dispute;
mod envelope;
mod event;
mod form;
mod hosted;
mod intent;
mod refund;
mod refusal;
mod requests;
mod saved;
mod signature;
mod transport;
mod wallet;
mod warning;

pub use crate::retry::LONGEST_CALL;
pub use config::{Config, ConfigError, DEFAULT_REQUESTS_PER_SECOND, DEFAULT_TOLERANCE};

use envelope::Event;
use intent::{Context, Intent};
use signature::Verifier;
use transport::Transport;

/// Stripe lists events for this long.
const EVENTS_KEPT: Duration = Duration::from_hours(30 * 24);

/// The gateway to Stripe.
#[derive(Debug)]
pub struct Stripe {
    livemode: bool,
    account: Option<String>,
    verifier: Verifier,
    transport: Transport,
}

impl Stripe {
    /// A gateway with these settings, unless they are dangerous.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        Self::with_limits(config, Limits::default())
    }

    fn with_limits(config: Config, limits: Limits) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            livemode: config.livemode(),
            verifier: Verifier::new(&config.webhook_secrets, config.tolerance),
            transport: Transport::new(&config, limits)?,
            account: config.account,
        })
    }

    /// Reads a payment intent out of an answer; what cannot be read has happened all the same.
    fn payment(&self, answer: &Answer) -> Result<ProviderPayment, GatewayError> {
        self.try_payment(answer).map_err(GatewayError::Shape)
    }

    fn try_payment(&self, answer: &Answer) -> Result<ProviderPayment, Unreadable> {
        self.read_intent(answer.text()?, answer.at)
    }

    /// Reads a payment intent that an answer of the time `at` holds.
    fn read_intent(
        &self,
        json: &str,
        at: Option<Timestamp>,
    ) -> Result<ProviderPayment, Unreadable> {
        let intent = Intent::parse(json)?;
        let occurred_at = intent
            .settled_at()
            .or(at)
            .or_else(|| intent.created_at())
            .ok_or(Unreadable::new("the answer has no time"))?;
        let context = Context { account: self.account.clone(), occurred_at };
        Ok(ProviderPayment {
            fact: intent.fact(intent.news()?, context)?,
            client_secret: intent.client_secret(),
            needs_confirmation: intent.status == "requires_confirmation",
            // A method that was chosen is not a payer who pressed a button.
            payer_agreed: false,
            next_action_url: intent.next_action_url(),
        })
    }
}

#[async_trait]
impl Gateway for Stripe {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn livemode(&self) -> bool {
        self.livemode
    }

    async fn open_webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Envelope, WebhookError> {
        self.verifier.verify(headers, body, now)?;
        self.open_fetched(body)
    }

    fn open_fetched(&self, body: &[u8]) -> Result<Envelope, WebhookError> {
        Event::parse(body).map(Event::into_envelope).map_err(WebhookError::Malformed)
    }

    fn read(&self, body: &[u8]) -> Result<Reading, ReadError> {
        event::read(body)
    }

    async fn create_payment(&self, order: &PaymentOrder) -> Result<ProviderPayment, GatewayError> {
        let request = requests::create_payment(order)?;
        let key = format!("pi-{}", order.payment_id);
        self.payment(&self.transport.call(&request, Some(&key)).await?)
    }

    async fn confirm_payment(
        &self,
        reference: &str,
        key: &str,
    ) -> Result<ProviderPayment, GatewayError> {
        let request = requests::confirm_payment(reference)?;
        self.payment(&self.transport.call(&request, Some(key)).await?)
    }

    async fn retrieve_payment(&self, reference: &str) -> Result<ProviderPayment, GatewayError> {
        let request = requests::retrieve_payment(reference)?;
        self.payment(&self.transport.call(&request, None).await?)
    }

    fn events_kept(&self) -> Duration {
        EVENTS_KEPT
    }

    fn wallet(&self) -> Option<&dyn Wallet> {
        Some(self)
    }

    fn hosted(&self) -> Option<&dyn Hosted> {
        Some(self)
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        Some(self)
    }

    fn disputes(&self) -> Option<&dyn Disputes> {
        Some(self)
    }

    async fn retrieve_event(&self, reference: &str) -> Result<String, GatewayError> {
        let request = requests::retrieve_event(reference)?;
        text(self.transport.call(&request, None).await?.body)
    }

    async fn list_events(
        &self,
        since: Timestamp,
        after: Option<&str>,
    ) -> Result<EventPage, GatewayError> {
        let (group, cursor) = after.map_or((0, None), place);
        let kinds = event::kinds();
        let groups: Vec<&[String]> = kinds.chunks(KINDS_AT_ONCE).collect();
        let request = requests::list_events(since, groups.get(group).unwrap_or(&&[][..]), cursor);
        let answer = self.transport.call(&request, None).await?;
        let mut page = page(&answer.body).map_err(GatewayError::Shape)?;
        page.next = match page.next {
            Some(cursor) => Some(format!("{group}:{cursor}")),
            None => (group + 1 < groups.len()).then(|| format!("{}:", group + 1)),
        };
        Ok(page)
    }
}

fn text(body: Vec<u8>) -> Result<String, GatewayError> {
    String::from_utf8(body).map_err(|_| GatewayError::Shape(Unreadable::new("it is not UTF-8")))
}

/// Stripe lists events of at most this many kinds at once.
const KINDS_AT_ONCE: usize = 20;

/// The group of kinds, and the event after which its next page begins.
fn place(after: &str) -> (usize, Option<&str>) {
    let (group, cursor) = after.split_once(':').unwrap_or(("0", after));
    (group.parse().unwrap_or(usize::MAX), Some(cursor).filter(|cursor| !cursor.is_empty()))
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    has_more: bool,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

fn page(body: &[u8]) -> Result<EventPage, Unreadable> {
    let found: List<'_> = serde_json::from_slice(body)?;
    let next = match found.data.last() {
        Some(last) if found.has_more => Some(serde_json::from_str::<Id>(last.get())?.id),
        _ => None,
    };
    let events = found.data.iter().map(|event| event.get().to_owned()).collect();
    Ok(EventPage { events, next })
}
