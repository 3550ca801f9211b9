//! What follows from a fact: pure functions, the only place where it is decided.

pub mod adjustments;
mod alarms;
mod books;
#[cfg(test)]
mod books_people_tests;
#[cfg(test)]
mod books_tests;
mod decide;
pub mod declines;
pub mod disputes;
pub mod fraud;
pub mod money_back;
mod policies;
mod position;
pub mod refunds;
#[cfg(test)]
mod refunds_tests;
#[cfg(test)]
mod tests;

pub use adjustments::AdjustmentPolicy;
pub use alarms::{Alarms, Pauses};
pub use books::{Booking, request_state, settle};
pub use decide::{Advance, Decision, Mismatch, Policy, advance, decide};
pub use policies::Policies;
pub use position::{Holder, Position, Shift, Step};
pub use refunds::RefundPolicy;
