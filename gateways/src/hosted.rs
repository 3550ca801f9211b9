//! Pages of a provider's on which a payer pays.

use std::fmt;

use async_trait::async_trait;

use crate::{GatewayError, PaymentOrder, ProviderPayment};

/// What shows payers a page to pay on. A provider's adapter adds one module for it.
#[async_trait]
pub trait Hosted: fmt::Debug + Send + Sync {
    /// Opens a page for `order`, from which its payer comes back as it says. Asking twice with the
    /// same order opens one.
    async fn open_page(&self, order: &PaymentOrder) -> Result<HostedPage, GatewayError>;

    /// What became of the page `reference`, and of the payment that is made there.
    async fn look_at_page(&self, reference: &str) -> Result<HostedState, GatewayError>;
}

/// A page to pay on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedPage {
    /// The provider's id of it.
    pub reference: String,
    /// Where it is.
    pub url: String,
}

/// How far a page has come.
#[derive(Debug)]
pub struct HostedState {
    /// The payment, once its payer has tried to pay.
    pub payment: Option<ProviderPayment>,
    /// Where the payer can go on with it; `None` once it is complete or has expired.
    pub url: Option<String>,
}
