//! The sandbox, as its clients see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod cards;
mod customers;
mod events;
mod faults;
mod idempotency;
mod pages;
mod payments;
mod paypal;
mod requests;
mod stage;
mod webhooks;
