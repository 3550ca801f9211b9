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
pub use dead::{Filter, Settled, cancel, count, forget, list, list_after, prune, requeue};
pub use due::{Cursor, Depth, Due, depths, due, due_after};
pub use insert::{insert, stage_insert, stage_insert_for};
pub use settle::{LeaseLost, SettleError, bury, done, release, retry, snooze, stage_done};

use crate::{AcceptDispute, Job, ProcessRefund};

/// Whether the lane `?1` stands still at `?2` by an operator's or a breaker's word, for `WHERE`
/// clauses.
pub(crate) const PAUSED: &str = "EXISTS (SELECT 1 FROM controls c WHERE c.scope IN (?1, 'all') \
                                 AND c.state = 'paused' AND (c.until IS NULL OR c.until > ?2))";

/// Whether a job of this `name` is held back at `?2` while others of its lane run: where jobs are
/// chosen, so that those that are held back do not take the places of others.
///
/// They are the jobs by which money goes out.
pub(crate) fn held_back() -> String {
    format!(
        "(name IN ('{}', '{}') AND EXISTS (SELECT 1 FROM controls h WHERE h.scope = 'refunds' AND \
         h.state = 'paused' AND (h.until IS NULL OR h.until > ?2)))",
        ProcessRefund::NAME,
        AcceptDispute::NAME
    )
}
