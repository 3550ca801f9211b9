//! `TestApp`: the whole program in one process, on the database and the transport that
//! `QUITTANCE_TEST_DB` and `QUITTANCE_TEST_TRANSPORT` name.
//!
//! Every test has a database of its own, keys of its own in Redis, and a sandbox of its own that
//! delivers over real HTTP.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up, it cannot test")]

mod app;
pub mod at_once;
pub mod chaos;
pub mod paypal;
pub mod process;
mod refunds;
pub mod samples;
pub mod stripe;
mod watch;

pub use app::{Asked, SECRET, TestApp, USER};
pub use futures_util::future::join_all;
pub use refunds::{dispute_event, refund_event, wrapped};
