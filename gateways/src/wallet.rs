//! Methods that a provider keeps for a payer.

use std::fmt;

use async_trait::async_trait;
use entities::{CustomerId, fact::KeptMethod};
use secrecy::SecretString;

use crate::GatewayError;

/// A provider's vault: it keeps what we may not (`AC9.3.3`), under a customer of its own.
#[async_trait]
pub trait Wallet: fmt::Debug + Send + Sync {
    /// Opens a customer, and returns the provider's name of them. Asking twice opens one.
    async fn create_customer(&self, customer: &NewCustomer) -> Result<String, GatewayError>;

    /// Begins to keep a method without a payment. Asking twice with the same `key` begins once.
    async fn begin_setup(&self, customer: &str, key: &str) -> Result<Setup, GatewayError>;

    /// What lets the payer's browser show and choose among the methods of `customer`, for minutes.
    async fn browser_session(&self, customer: &str) -> Result<SecretString, GatewayError>;

    /// Everything that is kept for `customer`; nothing, if the provider does not know them.
    async fn list_methods(&self, customer: &str) -> Result<Vec<KeptMethod>, GatewayError>;

    /// Keeps the method `token` for `customer` from now on. Keeping twice is keeping once.
    async fn keep_method(&self, customer: &str, token: &str) -> Result<KeptMethod, GatewayError>;

    /// Forgets the method `token`. Forgetting what is not kept is done already.
    async fn forget_method(&self, token: &str) -> Result<(), GatewayError>;
}

/// A customer to be opened at a provider.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Our customer; the provider's object will name it, and the idempotency key derives from it.
    pub customer_id: CustomerId,
    /// Where the provider may write to them.
    pub email: Option<SecretString>,
}

/// A method about to be kept.
#[derive(Debug)]
pub struct Setup {
    /// The provider's id of it.
    pub reference: String,
    /// What lets the payer's browser, and whoever else holds it, enter the method.
    pub client_secret: SecretString,
}
