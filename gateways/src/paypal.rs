//! PayPal: Orders v2, and webhooks that are hints.
//!
//! The signature of a PayPal webhook covers no more of its body than a CRC32, which anybody can
//! keep while changing the rest. So an event only says where to look: every fact comes from an
//! order that we fetched ourselves.

use std::time::Duration;

use async_trait::async_trait;
use entities::{Provider, Timestamp, fact::News};
use http::HeaderMap;
use url::Url;

use crate::{
    Disputes, Envelope, EventPage, Gateway, GatewayError, Hosted, PaymentOrder, ProviderPayment,
    ReadError, Reading, Refunds, Unreadable, Wallet, WebhookError, retry::Limits, wire::Answer,
};

mod amount;
mod config;
mod dispute;
mod event;
mod order;
mod refund;
mod refusal;
mod requests;
mod token;
mod transport;
mod webhook;

pub use config::{Config, ConfigError, DEFAULT_REQUESTS_PER_SECOND, Verification};

use event::Event;
use order::{Captured, Context, Order};
use requests::Target;
use transport::Transport;
use webhook::{Transmission, certificate::Certificates, window};

/// PayPal lists events for this long.
const EVENTS_KEPT: Duration = Duration::from_hours(30 * 24);

/// A capture that got no answer is looked at this often; then its job comes back to it.
const LOOKS: u32 = 2;

/// Time between two looks: a capture takes seconds.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The gateway to PayPal.
#[derive(Debug)]
pub struct PayPal {
    livemode: bool,
    merchant_id: Option<String>,
    webhook_id: String,
    verifier: Verifier,
    /// PayPal's page on which payers approve orders.
    approval: Url,
    transport: Transport,
}

/// How webhooks are proved.
#[derive(Debug)]
enum Verifier {
    Certificate(Box<Certificates>),
    Postback,
}

impl PayPal {
    /// A gateway with these settings, unless they are dangerous.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Self::with_limits(config, limits())
    }

    fn with_limits(config: &Config, limits: Limits) -> Result<Self, ConfigError> {
        config.check()?;
        let verifier = match config.verification {
            Verification::Certificate => {
                Verifier::Certificate(Box::new(Certificates::new(config)?))
            }
            Verification::Postback => Verifier::Postback,
        };
        Ok(Self {
            livemode: config.livemode(),
            merchant_id: config.merchant_id.clone(),
            webhook_id: config.webhook_id.clone(),
            verifier,
            approval: config.approval_page()?,
            transport: Transport::new(config, limits)?,
        })
    }

    async fn order(&self, id: &str) -> Result<Answer, GatewayError> {
        self.transport.ask(&requests::order(id)?).await
    }

    /// Which order `reference` is about: it is one, or a capture of one, or a refund of that.
    async fn order_of(&self, reference: &str) -> Result<String, GatewayError> {
        match Target::of(reference)? {
            Target::Order(id) => Ok(id.to_owned()),
            Target::Capture(id) => Ok(self.captured(id).await?.order),
            Target::Refund(id) => {
                let answer = self.transport.ask(&requests::refund(id)).await?;
                let capture = refund::capture_of(&answer.body).map_err(GatewayError::Shape)?;
                Ok(self.captured(&capture).await?.order)
            }
        }
    }

    /// What the capture `id` says of itself.
    async fn captured(&self, id: &str) -> Result<Captured, GatewayError> {
        let answer = self.transport.ask(&requests::capture(id)).await?;
        Captured::parse(&answer.body).map_err(GatewayError::Shape)
    }

    /// Reads an order out of an answer; what cannot be read has happened all the same.
    fn payment(&self, answer: &Answer) -> Result<ProviderPayment, GatewayError> {
        self.read_order(answer, None).map_err(GatewayError::Shape)
    }

    fn read_order(
        &self,
        answer: &Answer,
        news: Option<News>,
    ) -> Result<ProviderPayment, Unreadable> {
        let order = Order::parse(&answer.body)?;
        let context = Context {
            livemode: self.livemode,
            merchant_id: self.merchant_id.as_deref(),
            answered_at: answer.at,
            approval: &self.approval,
        };
        order.payment(news, &context)
    }

    /// What became of a capture that was not answered with success.
    async fn after_capture(
        &self,
        id: &str,
        error: GatewayError,
    ) -> Result<ProviderPayment, GatewayError> {
        let GatewayError::Api { code, .. } = &error else {
            return self.look_again(id, error).await;
        };
        let code = code.clone().unwrap_or_default();
        if refusal::SETTLED.contains(&&*code) {
            // Done before, or not to be done yet: the order says which.
            return self.payment(&self.order(id).await?);
        }
        if !refusal::DECLINES.contains(&&*code) {
            return self.look_again(id, error).await;
        }
        let failure = refusal::failure(&code);
        let answer = self.order(id).await?;
        let news = if refusal::CHOOSE_ANEW.contains(&&*code) {
            News::Declined(failure.clone())
        } else {
            News::Failed(failure.clone())
        };
        let told = self.read_order(&answer, Some(news));
        Err(GatewayError::Api {
            status: 402,
            code: Some(failure.code),
            decline_code: None,
            kind: "declined".to_owned(),
            message: String::new(),
            payment: told.ok().map(|told| Box::new(told.fact)),
        })
    }

    /// Looks whether a capture took effect that may have; `error` if that stays unknown.
    async fn look_again(
        &self,
        id: &str,
        error: GatewayError,
    ) -> Result<ProviderPayment, GatewayError> {
        if !error.outcome_unknown() {
            return Err(error);
        }
        for _ in 0..LOOKS {
            tokio::time::sleep(LOOK_PAUSE).await;
            let Ok(answer) = self.order(id).await else { continue };
            let told = self.payment(&answer)?;
            // Still approved: it was not captured, or not yet.
            if !told.needs_confirmation {
                return Ok(told);
            }
        }
        Err(error)
    }
}

/// A capture and a look must both fit the time of the job that asks for them.
fn limits() -> Limits {
    Limits {
        exchange: Duration::from_secs(12),
        starts_within: Duration::from_secs(8),
        ..Limits::default()
    }
}

#[async_trait]
impl Gateway for PayPal {
    fn provider(&self) -> Provider {
        Provider::Paypal
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
        let transmission = Transmission::parse(headers).ok_or(WebhookError::Signature)?;
        window::check(&transmission, now)?;
        match &self.verifier {
            Verifier::Certificate(certificates) => {
                let text = transmission.signed_text(&self.webhook_id, body);
                certificates.verify(&transmission, &text, now).await?;
            }
            Verifier::Postback => {
                webhook::postback::verify(&self.transport, &transmission, &self.webhook_id, body)
                    .await?;
            }
        }
        self.open_fetched(body)
    }

    fn open_fetched(&self, body: &[u8]) -> Result<Envelope, WebhookError> {
        let event = Event::parse(body).map_err(WebhookError::Malformed)?;
        event.envelope(self.livemode).map_err(WebhookError::Malformed)
    }

    fn read(&self, body: &[u8]) -> Result<Reading, ReadError> {
        event::read(body)
    }

    async fn create_payment(&self, order: &PaymentOrder) -> Result<ProviderPayment, GatewayError> {
        let (request, id) = requests::create(order)?;
        let answer = self.transport.post(&request, &id).await?;
        self.payment(&answer)
    }

    async fn confirm_payment(
        &self,
        reference: &str,
        key: &str,
    ) -> Result<ProviderPayment, GatewayError> {
        let request = requests::capture_order(reference)?;
        match self.transport.post(&request, key).await {
            Ok(answer) => self.payment(&answer),
            Err(error) => self.after_capture(reference, error).await,
        }
    }

    async fn retrieve_payment(&self, reference: &str) -> Result<ProviderPayment, GatewayError> {
        let order = self.order_of(reference).await?;
        self.payment(&self.order(&order).await?)
    }

    fn events_kept(&self) -> Duration {
        EVENTS_KEPT
    }

    /// Nothing: what a payer saved with PayPal is offered on PayPal's own pages.
    fn wallet(&self) -> Option<&dyn Wallet> {
        None
    }

    /// Nothing of its own: every order is approved on PayPal's pages.
    fn hosted(&self) -> Option<&dyn Hosted> {
        None
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        Some(self)
    }

    fn disputes(&self) -> Option<&dyn Disputes> {
        Some(self)
    }

    async fn retrieve_event(&self, reference: &str) -> Result<String, GatewayError> {
        let answer = self.transport.ask(&requests::event(reference)?).await?;
        let unreadable = |_| GatewayError::Shape(Unreadable::new("it is not UTF-8"));
        String::from_utf8(answer.body).map_err(unreadable)
    }

    async fn list_events(
        &self,
        since: Timestamp,
        after: Option<&str>,
    ) -> Result<EventPage, GatewayError> {
        let answer = self.transport.ask(&requests::events(since, after)).await?;
        event::page(&answer.body).map_err(GatewayError::Shape)
    }
}

#[cfg(test)]
mod tests;
