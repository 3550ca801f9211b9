//! Money back at a provider.

use std::fmt;

use async_trait::async_trait;
use entities::{Money, RefundId, money_back::RefundFact};

use crate::GatewayError;

/// What sends money back. A provider's adapter adds one module for it.
#[async_trait]
pub trait Refunds: fmt::Debug + Send + Sync {
    /// Sends `order`'s money back to where it came from. Asking twice with the same order sends once,
    /// for as long as the provider remembers its key.
    async fn create_refund(&self, order: &RefundOrder) -> Result<RefundFact, GatewayError>;

    /// Every refund of the payment with the provider's id `payment_reference`, or that a
    /// [`Reading::Refunds`](crate::Reading::Refunds) named, whoever made it. What a dispute took is
    /// none.
    async fn list_refunds(&self, payment_reference: &str) -> Result<Vec<RefundFact>, GatewayError>;

    /// Where a payment or a dispute with the provider's id `reference` is in the provider's dashboard.
    fn dashboard_url(&self, reference: &str) -> Option<String>;
}

/// A refund to be made at a provider.
#[derive(Clone, Debug)]
pub struct RefundOrder {
    /// Our refund; the provider's object will name it.
    pub refund_id: RefundId,
    /// The provider's id of the payment.
    pub payment_reference: String,
    /// How much goes back.
    pub amount: Money,
    /// The idempotency key, the same however often it is sent.
    pub key: String,
}
