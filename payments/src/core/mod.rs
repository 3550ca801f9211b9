//! What follows from a fact: pure functions, the only place where it is decided.

mod decide;
mod policies;
#[cfg(test)]
mod tests;

pub use decide::{Advance, Decision, Mismatch, Policy, advance, decide};
pub use policies::Policies;
