//! What is said to a bank about a dispute: evidence with its files, or that it is accepted.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE dispute_answers (
        id {uuid} NOT NULL PRIMARY KEY,
        dispute_id {uuid} NOT NULL REFERENCES disputes (id),
        kind {text} NOT NULL CHECK (kind IN ('evidence', 'accept')),
        state {text} NOT NULL CHECK (state IN ('asked', 'submitting', 'unknown', 'sent',
            'failed')),
        words {bytes},
        idempotency_key {text} NOT NULL UNIQUE,
        asked_by {text} NOT NULL,
        failure {text},
        version {int} NOT NULL DEFAULT 0,
        created_at {int} NOT NULL,
        updated_at {int} NOT NULL,
        first_sent_at {int},
        sent_at {int}
    ) {strict}",
    "CREATE UNIQUE INDEX dispute_answers_open ON dispute_answers (dispute_id)
        WHERE state IN ('asked', 'submitting', 'unknown')",
    "CREATE INDEX dispute_answers_dispute ON dispute_answers (dispute_id)",
    "CREATE TABLE dispute_files (
        id {uuid} NOT NULL PRIMARY KEY,
        answer_id {uuid} NOT NULL REFERENCES dispute_answers (id),
        place {int} NOT NULL,
        name {text} NOT NULL,
        field {text} NOT NULL,
        media {text} NOT NULL,
        content {bytes} NOT NULL,
        UNIQUE (answer_id, place)
    ) {strict}",
];

const DOWN: &[&str] = &["DROP TABLE dispute_files", "DROP TABLE dispute_answers"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
