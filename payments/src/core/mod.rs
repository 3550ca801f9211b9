//! What follows from a fact: pure functions, the only place where it is decided.

mod decide;

pub use decide::{Advance, Decision, Mismatch, Policy, advance, decide};
