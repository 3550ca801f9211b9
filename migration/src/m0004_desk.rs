//! What people look at: the audit log, reviews, and the mails that were sent.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE audit_log (
        id {uuid} NOT NULL PRIMARY KEY,
        at {int} NOT NULL,
        actor {text} NOT NULL,
        action {text} NOT NULL,
        subject {text} NOT NULL,
        before {text},
        after {text}
    ) {strict}",
    "CREATE INDEX audit_log_subject ON audit_log (subject, at)",
    "CREATE TABLE reviews (
        id {uuid} NOT NULL PRIMARY KEY,
        payment_id {uuid} NOT NULL REFERENCES payments (id),
        rule {text} NOT NULL,
        detail {text} NOT NULL,
        event_id {uuid},
        state {text} NOT NULL CHECK (state IN ('open', 'released', 'confirmed')),
        created_at {int} NOT NULL,
        decided_at {int},
        decided_by {text},
        UNIQUE (payment_id, rule)
    ) {strict}",
    "CREATE TABLE mails (
        id {uuid} NOT NULL PRIMARY KEY,
        occasion {text} NOT NULL UNIQUE,
        recipient {bytes} NOT NULL,
        subject {text} NOT NULL,
        state {text} NOT NULL CHECK (state IN ('sending', 'sent')),
        created_at {int} NOT NULL,
        sent_at {int}
    ) {strict}",
];

const DOWN: &[&str] = &["DROP TABLE mails", "DROP TABLE reviews", "DROP TABLE audit_log"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await?;
        dialect::append_only(manager, "audit_log").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
