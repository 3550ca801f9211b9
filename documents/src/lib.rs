//! Receipts, invoices, failures and alerts: pure functions from data to mails and PDF.
//!
//! **Invariants:** nothing here does I/O or reads the clock; the same data makes the same mail. All
//! data is taken for hostile: a subject is one line, what stands in HTML is escaped, and a link
//! leads to an `https` address or is left out.

mod alert;
mod case;
mod date;
mod failure;
mod field;
mod invoice;
mod mail;
mod method;
mod receipt;
mod refund;
mod text;

pub use alert::{AlertMail, alert};
pub use case::{CaseMail, case};
pub use failure::{FailureMail, failure};
pub use invoice::{FontError, Fonts, InvoiceError, invoice};
pub use mail::{Attachment, Mail, RenderError};
pub use receipt::{ReceiptMail, receipt};
pub use refund::{RefundMail, RefundStep, refund};
