//! What follows from a fact: pure functions, the only place where it is decided.

mod decide;
mod policies;

pub use decide::{Advance, Decision, Mismatch, Policy, advance, decide};
pub use policies::Policies;
