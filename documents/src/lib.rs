//! Receipts and alerts: pure functions from data to mails.
//!
//! **Invariants:** nothing here does I/O or reads the clock; the same data makes the same mail. All
//! data is taken for hostile: a subject is one line, what stands in HTML is escaped, and a link
//! leads to an `https` address or is left out.

mod alert;
mod date;
mod field;
mod mail;
mod method;
mod receipt;
mod text;

pub use alert::{AlertMail, alert};
pub use mail::{Mail, RenderError};
pub use receipt::{ReceiptMail, receipt};
