//! Where jobs wait, and where it is written down what came of them.
//!
//! A run is fenced by worker and attempt: whoever lost a lease can no longer settle the job, and
//! whatever they were about to write with it is rolled back.

mod backoff;
mod claim;
mod dead;
mod due;
mod insert;
mod settle;

pub use backoff::backoff;
pub use claim::{Claim, claim_again, claim_fresh, claim_one, lease, tried};
pub use dead::{Filter, Settled, cancel, count, list, list_after, prune, requeue};
pub use due::{Cursor, Depth, Due, depths, due, due_after};
pub use insert::insert;
pub use settle::{LeaseLost, SettleError, bury, done, release, retry, snooze};

/// Whether the lane `?N` stands still by an operator's or a breaker's word, for `WHERE` clauses.
pub(crate) const PAUSED: &str = "EXISTS (SELECT 1 FROM controls c WHERE c.scope IN (?1, 'all') \
                                 AND c.state = 'paused' AND (c.until IS NULL OR c.until > ?2))";
