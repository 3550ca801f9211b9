//! What reconciliation looked at and found.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE reconciliations (
        id {uuid} NOT NULL PRIMARY KEY,
        provider {text} NOT NULL CHECK (provider IN ('stripe', 'paypal')),
        scope {text} NOT NULL CHECK (scope IN ('window', 'payment', 'event')),
        since {int},
        until {int},
        payment_id {uuid} REFERENCES payments (id),
        event_ref {text},
        asked_by {text} NOT NULL,
        job_id {uuid} UNIQUE,
        state {text} NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
        events {int} NOT NULL DEFAULT 0,
        payments {int} NOT NULL DEFAULT 0,
        reached {int},
        error {text},
        created_at {int} NOT NULL,
        started_at {int},
        finished_at {int}
    ) {strict}",
    "CREATE INDEX reconciliations_finished ON reconciliations (provider, scope, finished_at)",
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
    "CREATE INDEX reconciliation_gaps_found ON reconciliation_gaps (found_at)",
];

const DOWN: &[&str] = &["DROP TABLE reconciliation_gaps", "DROP TABLE reconciliations"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
