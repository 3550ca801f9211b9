//! The rules, and the SQL that applies them: inbox, checkout, ledger.
//!
//! **Invariants:** nothing here touches the network or knows of HTTP or Redis. [`core`] has no I/O
//! at all: state and fact in, decision out. Everything else writes what was decided, for one fact
//! or for hundreds at once, guarded by unique keys and versions, so that running twice or at the
//! same time changes nothing.

pub mod account;
pub mod adjustments;
pub mod alerts;
pub mod apply;
pub mod audit;
pub mod billing;
pub mod blocklist;
pub mod breaker;
pub mod catalog;
pub mod checkout;
pub mod controls;
pub mod core;
pub mod customers;
pub mod desk;
pub mod disputes;
pub mod figures;
pub mod fraud;
pub mod history;
pub mod hosted;
pub mod idempotency;
pub mod inbox;
pub mod invoices;
pub mod leases;
pub mod ledger;
pub mod mails;
pub mod methods;
pub mod money_back;
pub mod page;
pub mod provider_customers;
pub mod receipts;
pub mod reconciliations;
pub mod refunds;
pub mod replay;
pub mod reviews;
pub mod sessions;
pub mod vault;

mod error;
mod store;

pub use error::Error;
pub use store::Store;
