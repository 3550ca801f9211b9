//! Payment providers, each behind the one trait the rest of the system knows.
//!
//! **Invariants:** this crate never sees the database and never reads the clock. Nothing outside
//! an adapter's own module names a provider's types, headers or status words. No method of the
//! trait has a default: an adapter that cannot do a thing has to say so. No error prints a body
//! or a secret.

pub mod stripe;

mod error;
mod gateway;
mod registry;

pub use error::{GatewayError, NetError, ReadError, Unreadable, WebhookError};
pub use gateway::{Envelope, EventPage, Gateway, PaymentOrder, ProviderPayment, Reading};
pub use registry::Gateways;
