//! Invoices: numbered without gaps in the transaction that makes a payment succeed, and fixed in
//! what they say when they are first shown (`AC9.4.2`, `AC9.4.3`, `002-TF5`).

mod issue;
mod read;
mod tax;

pub(crate) use issue::stage;
pub use read::{find, find_all};
pub use tax::{Tax, included};

/// The series that every invoice is numbered in. A name of its own leaves room for credit notes.
const SERIES: &str = "INV";

/// An invoice's number as people see it: `INV-000042`.
pub fn written(series: &str, number: i64) -> String {
    format!("{series}-{number:06}")
}
