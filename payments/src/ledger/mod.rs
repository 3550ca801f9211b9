//! The ledger: double entry in credits and money.
//!
//! A transfer happens once for each business fact, `(kind, source_ref)`; its legs sum to zero in
//! each asset; nothing is ever changed or deleted. Balances of customers are kept beside it, are
//! derived from it, and [`verify()`] recomputes them.

mod adjust;
mod back;
mod balances;
mod history;
mod post;
mod spend;
mod verify;

pub(crate) use adjust::adjust;
pub(crate) use back::{book, write_lot};
pub(crate) use balances::spendable;
pub use balances::{Balance, balance};
pub use history::{Movement, Movements, movements};
pub(crate) use post::{Grant, grant};
pub use spend::{Spent, spend};
pub use verify::{Discrepancy, verify};

use entities::CustomerId;

/// The asset that packages grant.
pub const CREDITS: &str = "credits";

/// Credits a customer may spend.
pub fn available(customer: CustomerId) -> String {
    format!("{customer}:available")
}

/// Credits of a customer that are set aside.
pub fn held(customer: CustomerId) -> String {
    format!("{customer}:held")
}

/// Where granted credits come from.
const ISSUED: &str = "credits:issued";
/// Where bonus credits come from.
const BONUS: &str = "credits:bonus";
/// Where spent credits go.
const SPENT: &str = "credits:spent";
/// Where credits go that are taken back, for refunds and lost disputes.
const TAKEN_BACK: &str = "credits:taken-back";
/// Where credits come from and go to that a person gives and takes.
const ADJUSTED: &str = "credits:adjusted";
/// What we earned.
const REVENUE: &str = "revenue";
/// What we paid back.
const REFUNDS: &str = "refunds";
/// What banks took back.
const CHARGEBACKS: &str = "chargebacks";

/// What a provider owes us.
fn clearing(provider: entities::Provider) -> String {
    format!("clearing:{provider}")
}
