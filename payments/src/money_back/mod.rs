//! Money that goes back: what providers tell of refunds and disputes, brought into our rows and
//! the ledger.
//!
//! Everything that touches a payment's refunds, requests and disputes goes through `Books`, under
//! the lock of the payment's row: webhook, answer to our call, and the desk at once book once.

mod apply;
mod books;
mod follow_ups;
mod owners;
mod rows;

pub use apply::{Applied, Item, News, apply};
pub(crate) use apply::{catch_up, early, suspect};
pub(crate) use books::Books;
