//! What follows from a fact: pure functions, the only place where it is decided.

mod decide;
pub mod declines;
mod policies;
#[cfg(test)]
mod tests;

pub use decide::{Advance, Decision, Mismatch, Policy, advance, decide};
pub use policies::Policies;
