//! What is known around payments, gathered for [`core::fraud`](crate::core::fraud) to judge.
//!
//! One question to the database for all payments of a batch whose credits are about to be granted,
//! and one before a payment is begun. What cannot be read refuses: the question fails, and with it
//! the purchase.

mod checkout;
mod declines;
mod erase;
mod facts;
mod visit;

pub(crate) use checkout::{admit, domain};
pub(crate) use declines::{Decline, note};
pub(crate) use erase::forget;
pub use erase::prune;
pub(crate) use facts::{Suspect, gather};
pub use visit::Visit;
pub(crate) use visit::digits;
