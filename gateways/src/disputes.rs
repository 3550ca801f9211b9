//! Disputes at a provider.

use std::fmt;

use async_trait::async_trait;
use entities::money_back::DisputeFact;

use crate::GatewayError;

/// What knows of payers who went to their bank. A provider's adapter adds one module for it.
#[async_trait]
pub trait Disputes: fmt::Debug + Send + Sync {
    /// What the provider says now of the dispute with its id `reference`.
    async fn retrieve_dispute(&self, reference: &str) -> Result<DisputeFact, GatewayError>;
}
