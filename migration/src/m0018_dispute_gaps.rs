//! Reconciliation finds what was missing of disputes, too.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// SQLite cannot change a check: the table is made anew.
const COPY: &[&str] = &[
    "INSERT INTO reconciliation_gaps SELECT * FROM reconciliation_gaps_before",
    "DROP TABLE reconciliation_gaps_before",
    "CREATE INDEX reconciliation_gaps_found ON reconciliation_gaps (found_at)",
];

const ASIDE: &[&str] = &[
    "DROP INDEX reconciliation_gaps_found",
    "ALTER TABLE reconciliation_gaps RENAME TO reconciliation_gaps_before",
];

/// The table, in which gaps are of the `{kinds}`.
const TABLE: &str = "CREATE TABLE reconciliation_gaps (
        id {uuid} NOT NULL PRIMARY KEY,
        run_id {uuid} NOT NULL REFERENCES reconciliations (id),
        kind {text} NOT NULL CHECK (kind IN ({kinds})),
        reference {text} NOT NULL,
        event_id {uuid},
        payment_id {uuid},
        what {text} NOT NULL,
        occurred_at {int} NOT NULL,
        found_at {int} NOT NULL,
        UNIQUE (run_id, kind, reference)
    ) {strict}";

const KINDS: &str = "'event', 'payment', 'refund', 'dispute'";
const KINDS_BEFORE: &str = "'event', 'payment', 'refund'";

/// Lets a gap be of one of `kinds`, a list in quotes, and of no other.
async fn allow_kinds(manager: &SchemaManager<'_>, kinds: &str) -> Result<(), DbErr> {
    dialect::run(manager, ASIDE).await?;
    dialect::run(manager, &[&TABLE.replace("{kinds}", kinds)]).await?;
    dialect::run(manager, COPY).await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        allow_kinds(manager, KINDS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, &["DELETE FROM reconciliation_gaps WHERE kind = 'dispute'"]).await?;
        allow_kinds(manager, KINDS_BEFORE).await
    }
}
