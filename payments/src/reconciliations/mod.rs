//! Reconciliation: runs, and a report of every gap they found (`AC9.6.7`).
//!
//! What is missing is healed through the same inbox as everything else; the gap is written in the
//! transaction that heals it, or before what heals it at the provider, so that the report lists each of them once, whatever is run twice.

mod read;
mod write;

pub use read::{
    Found, Page, disputes_of, find, gaps, late, open_disputes, open_refunds, page, refunds_of,
    stuck,
};
pub use write::{
    Gap, Wish, ask, begin, begin_scheduled, failed, finish, progress, record_events, record_gaps,
};

use std::time::Duration;

/// A gap that is younger was still on its way: it is listed, and nobody is alerted.
pub const ON_ITS_WAY: Duration = Duration::from_mins(2);

/// An event that is received or parked for longer is stuck.
pub const STUCK: Duration = Duration::from_mins(15);
