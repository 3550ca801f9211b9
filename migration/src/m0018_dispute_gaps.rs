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

const UP: &[&str] = &["CREATE TABLE reconciliation_gaps (
        id {uuid} NOT NULL PRIMARY KEY,
        run_id {uuid} NOT NULL REFERENCES reconciliations (id),
        kind {text} NOT NULL CHECK (kind IN ('event', 'payment', 'refund', 'dispute')),
        reference {text} NOT NULL,
        event_id {uuid},
        payment_id {uuid},
        what {text} NOT NULL,
        occurred_at {int} NOT NULL,
        found_at {int} NOT NULL,
        UNIQUE (run_id, kind, reference)
    ) {strict}"];

const DOWN: &[&str] = &[
    "DELETE FROM reconciliation_gaps_before WHERE kind = 'dispute'",
    "CREATE TABLE reconciliation_gaps (
        id {uuid} NOT NULL PRIMARY KEY,
        run_id {uuid} NOT NULL REFERENCES reconciliations (id),
        kind {text} NOT NULL CHECK (kind IN ('event', 'payment', 'refund')),
        reference {text} NOT NULL,
        event_id {uuid},
        payment_id {uuid},
        what {text} NOT NULL,
        occurred_at {int} NOT NULL,
        found_at {int} NOT NULL,
        UNIQUE (run_id, kind, reference)
    ) {strict}",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, ASIDE).await?;
        dialect::run(manager, UP).await?;
        dialect::run(manager, COPY).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, ASIDE).await?;
        dialect::run(manager, DOWN).await?;
        dialect::run(manager, COPY).await
    }
}
