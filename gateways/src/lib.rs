//! Payment providers, each behind the one trait the rest of the system knows.
//!
//! **Invariants:** this crate never sees the database and never reads the clock. Nothing outside
//! an adapter's own module names a provider's types, headers or status words. No method of the
//! trait has a default: an adapter that cannot do a thing has to say so. No error prints a body
//! or a secret.

pub mod paypal;
pub mod stripe;

mod disputes;
mod error;
mod gateway;
mod hosted;
mod json;
mod multipart;
mod refunds;
mod registry;
mod retry;
#[cfg(test)]
mod test_server;
mod units;
mod valve;
mod wallet;
mod wire;

pub use entities::provider_event::Envelope;

pub use disputes::{DisputeAnswer, Disputes, EvidenceFile, Said};
pub use error::{GatewayError, NetError, ReadError, Unreadable, WebhookError};
pub use gateway::{EventPage, Funding, Gateway, PaymentOrder, ProviderPayment, Reading, ReturnTo};
pub use hosted::{Hosted, HostedPage, HostedState};
pub use refunds::{RefundOrder, Refunds};
pub use registry::Gateways;
pub use wallet::{NewCustomer, Setup, Wallet};
