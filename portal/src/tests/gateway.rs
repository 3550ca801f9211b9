//! A provider that makes every payment, and knows nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use entities::{
    Provider, Timestamp,
    fact::{Fact, News},
};
use gateways::{
    Disputes, Envelope, EventPage, Gateway, GatewayError, Hosted, PaymentOrder, ProviderPayment,
    ReadError, Reading, Refunds, Wallet, WebhookError,
};
use http::HeaderMap;

/// The provider.
pub(super) fn fake() -> Arc<dyn Gateway> {
    Arc::new(Fake)
}

#[derive(Debug)]
struct Fake;

const ONLY_MAKES: &str = "pages only ask for payments to be made";

#[async_trait]
impl Gateway for Fake {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn livemode(&self) -> bool {
        false
    }

    async fn open_webhook(
        &self,
        _: &HeaderMap,
        _: &[u8],
        _: Timestamp,
    ) -> Result<Envelope, WebhookError> {
        unreachable!("{ONLY_MAKES}")
    }

    fn open_fetched(&self, _: &[u8]) -> Result<Envelope, WebhookError> {
        unreachable!("{ONLY_MAKES}")
    }

    fn read(&self, _: &[u8]) -> Result<Reading, ReadError> {
        unreachable!("{ONLY_MAKES}")
    }

    async fn create_payment(&self, order: &PaymentOrder) -> Result<ProviderPayment, GatewayError> {
        let fact = Fact {
            provider: Provider::Stripe,
            reference: "pi_fake".to_owned(),
            claimed: Some(order.payment_id),
            livemode: false,
            account: None,
            asked: order.price.clone(),
            occurred_at: Timestamp::from_seconds(1_700_000_000),
            news: News::Created,
        };
        // A secret that has to be escaped in an address.
        let client_secret = Some("pi_fake_secret_1&x".into());
        Ok(ProviderPayment {
            fact,
            client_secret,
            needs_confirmation: false,
            payer_agreed: false,
            next_action_url: None,
        })
    }

    async fn confirm_payment(&self, _: &str, _: &str) -> Result<ProviderPayment, GatewayError> {
        unreachable!("{ONLY_MAKES}")
    }

    async fn retrieve_payment(&self, _: &str) -> Result<ProviderPayment, GatewayError> {
        unreachable!("{ONLY_MAKES}")
    }

    fn events_kept(&self) -> std::time::Duration {
        unreachable!("{ONLY_MAKES}")
    }

    fn wallet(&self) -> Option<&dyn Wallet> {
        None
    }

    fn hosted(&self) -> Option<&dyn Hosted> {
        None
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        None
    }

    fn disputes(&self) -> Option<&dyn Disputes> {
        None
    }

    async fn retrieve_event(&self, _: &str) -> Result<String, GatewayError> {
        unreachable!("{ONLY_MAKES}")
    }

    async fn list_events(&self, _: Timestamp, _: Option<&str>) -> Result<EventPage, GatewayError> {
        unreachable!("{ONLY_MAKES}")
    }
}
