//! What the rest of the system may ask of a provider.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use entities::{
    Money, PaymentId, Provider, Timestamp,
    fact::Fact,
    money_back::{DisputeFact, RefundFact, WarningFact},
    provider_event::Envelope,
};
use http::HeaderMap;
use secrecy::SecretString;
use url::Url;

use crate::{Disputes, GatewayError, Hosted, ReadError, Refunds, Wallet, WebhookError};

/// A payment provider.
#[async_trait]
pub trait Gateway: fmt::Debug + Send + Sync {
    /// Which provider this is.
    fn provider(&self) -> Provider;

    /// Whether our keys move real money; facts of the other mode are refused upstream.
    fn livemode(&self) -> bool;

    /// Proves that the provider sent `body`, unaltered and lately, and reads its envelope.
    ///
    /// The proof may need something of the provider's, such as a certificate; if that cannot be had
    /// now, the event is [`WebhookError::Unproven`] and its sender has to come back.
    async fn open_webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Envelope, WebhookError>;

    /// Reads the envelope of an event that we fetched from the provider ourselves.
    ///
    /// It carries no signature: the connection it came through is the proof.
    fn open_fetched(&self, body: &[u8]) -> Result<Envelope, WebhookError>;

    /// Says in our words what a stored event means.
    fn read(&self, body: &[u8]) -> Result<Reading, ReadError>;

    /// Opens a payment at the provider. Asking twice with the same order opens one.
    async fn create_payment(&self, order: &PaymentOrder) -> Result<ProviderPayment, GatewayError>;

    /// Asks the provider to collect. Asking twice with the same `key` collects once.
    async fn confirm_payment(
        &self,
        reference: &str,
        key: &str,
    ) -> Result<ProviderPayment, GatewayError>;

    /// Looks up what became of a payment; `reference` is its id, or what a [`Reading::Hint`] named.
    async fn retrieve_payment(&self, reference: &str) -> Result<ProviderPayment, GatewayError>;

    /// For how long the provider lists its events.
    fn events_kept(&self) -> Duration;

    /// What keeps methods for payers who want to pay with them again; `None` if nothing does.
    fn wallet(&self) -> Option<&dyn Wallet>;

    /// What shows payers a page to pay with anything the provider takes; `None` if nothing does.
    fn hosted(&self) -> Option<&dyn Hosted>;

    /// What sends money back; `None` if nothing does yet.
    fn refunds(&self) -> Option<&dyn Refunds>;

    /// What knows of disputes; `None` if nothing does yet.
    fn disputes(&self) -> Option<&dyn Disputes>;

    /// The event with the provider's id `reference`, in the provider's own bytes.
    async fn retrieve_event(&self, reference: &str) -> Result<String, GatewayError>;

    /// One page of the events that happened at or after `since`, newest first.
    ///
    /// `after` is the [`EventPage::next`] of the page before. Only kinds of event that
    /// [`Gateway::read`] can turn into a fact are listed.
    async fn list_events(
        &self,
        since: Timestamp,
        after: Option<&str>,
    ) -> Result<EventPage, GatewayError>;
}

/// What an event means to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// News about a payment.
    Fact(Box<Fact>),
    /// That something became of the payment of this reference: the event's own word proves too
    /// little, so it has to be looked up by [`Gateway::retrieve_payment`] before anything moves.
    Hint(String),
    /// The methods kept for the provider's customer of this name changed: ask for them.
    Methods(String),
    /// News about a refund.
    Refund(Box<RefundFact>),
    /// News about a dispute.
    Dispute(Box<DisputeFact>),
    /// The payer's bank suspects a payment of fraud.
    Warning(Box<WarningFact>),
    /// The refunds of the payment of this reference changed: ask for them by
    /// [`Refunds::list_refunds`].
    Refunds(String),
    /// Something became of the dispute with this id: ask for it by [`Disputes::retrieve_dispute`].
    DisputeHint(String),
    /// Nothing that we act upon.
    Irrelevant,
}

/// A payment to be opened at a provider.
#[derive(Clone, Debug)]
pub struct PaymentOrder {
    /// Our payment; the provider's object will name it, and the idempotency key derives from it.
    pub payment_id: PaymentId,
    /// What to ask the payer for.
    pub price: Money,
    /// The provider's token of the method to charge, if the payer has chosen one.
    pub payment_method: Option<String>,
    /// The provider's customer to charge; needed for a method that is kept for them.
    pub customer: Option<String>,
    /// Whether the method is to be kept for the customer once it has paid.
    pub keep_method: bool,
    /// Where the provider may send its own receipt.
    pub receipt_email: Option<SecretString>,
    /// What the payment is for, in words the payer may see.
    pub description: String,
    /// Where a payer comes back to who is sent to the provider's own pages.
    pub return_to: Option<ReturnTo>,
    /// What the payer has chosen to pay from, where that is chosen before they are sent there.
    pub funding: Funding,
}

/// What a payer pays from, as far as the provider has to know it beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Funding {
    /// Whatever the provider's own pages offer: balance, bank, card, credit.
    #[default]
    Wallet,
    /// The payer's Venmo account.
    Venmo,
}

/// Where a payer comes back to from the provider's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo {
    /// Once they have approved the payment.
    pub approved: Url,
    /// Once they have given it up.
    pub canceled: Url,
}

/// A payment as the provider has it.
#[derive(Clone)]
pub struct ProviderPayment {
    /// What the provider says about it.
    pub fact: Fact,
    /// What lets the payer's browser, and whoever else holds it, go on with the payment.
    pub client_secret: Option<SecretString>,
    /// Whether the provider waits for us to confirm.
    pub needs_confirmation: bool,
    /// Whether the payer has agreed to be charged, so that it may be collected without them.
    pub payer_agreed: bool,
    /// Where the payer has to go next.
    pub next_action_url: Option<String>,
}

impl ProviderPayment {
    /// When the payer agreed to be charged, if they have.
    pub fn agreed_at(&self) -> Option<Timestamp> {
        self.payer_agreed.then_some(self.fact.occurred_at)
    }
}

impl fmt::Debug for ProviderPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address of a 3-D Secure challenge holds a secret of its own.
        f.debug_struct("ProviderPayment")
            .field("fact", &self.fact)
            .field("client_secret", &self.client_secret)
            .field("needs_confirmation", &self.needs_confirmation)
            .field("payer_agreed", &self.payer_agreed)
            .field("next_action_url", &self.next_action_url.as_ref().map(|_| "[REDACTED]"))
            .finish()
    }
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// Each event as JSON, in the provider's own bytes.
    pub events: Vec<String>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}
