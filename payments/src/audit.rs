//! The audit log: who changed what. Append-only; the database refuses anything else.
//!
//! Whoever changes something writes its lines in the same transaction and waits for nobody. A moment
//! later [`seal()`] chains them, in one place and in one order: each line is hashed together with the
//! one before, and the end of the chain is signed. [`verify()`] finds what was done to lines since.

mod chain;
mod seal;
mod verify;

pub use chain::{Anchor, ParseAnchorError};
pub use seal::{Sealed, seal, sealed_at};
pub use verify::{Report, Seen, verify, verify_within};

use boot::sql::{Column, Rows, Type, Writes, col, nullable};
use entities::{AuditId, Timestamp};
use sea_orm::{DatabaseTransaction, DbErr};

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("at", Type::Int),
    col("actor", Type::Text),
    col("action", Type::Text),
    col("subject", Type::Text),
    nullable("before", Type::Text),
    nullable("after", Type::Text),
];

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who: `provider:stripe`, `user:<ref>`, `operator`, `system`.
    pub actor: String,
    /// What: `payment.succeeded`, `job.requeue`, …
    pub action: String,
    /// To what: a prefixed id.
    pub subject: String,
    /// How it was.
    pub before: Option<String>,
    /// How it is now.
    pub after: Option<String>,
}

/// Writes `lines`, if and only if `txn` commits.
pub async fn write(
    txn: &DatabaseTransaction,
    lines: Vec<Line>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let mut writes = Writes::new();
    stage(&mut writes, lines, now);
    writes.execute(txn).await?;
    Ok(())
}

/// Adds `lines` to `writes`.
pub(crate) fn stage(writes: &mut Writes, lines: Vec<Line>, now: Timestamp) {
    let mut rows = Rows::new(COLUMNS);
    for line in lines {
        rows.push([
            AuditId::new().uuid().into(),
            now.micros().into(),
            line.actor.into(),
            line.action.into(),
            line.subject.into(),
            line.before.into(),
            line.after.into(),
        ]);
    }
    let body = "INSERT INTO audit_log (id, at, actor, action, subject, before, after) SELECT id, \
                at, actor, action, subject, before, after FROM v";
    writes.add(rows, body, Vec::new());
}
