//! The audit log's chain: each line sealed with the one before, and the signed heads of it.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE audit_seals (
        seq {int} NOT NULL PRIMARY KEY CHECK (seq > 0),
        audit_id {uuid} NOT NULL UNIQUE,
        hash {bytes} NOT NULL CHECK (length(hash) = 32)
    ) {strict}",
    "CREATE TABLE audit_heads (
        seq {int} NOT NULL PRIMARY KEY CHECK (seq > 0),
        hash {bytes} NOT NULL CHECK (length(hash) = 32),
        sealed_at {int} NOT NULL,
        mac {text} NOT NULL
    ) {strict}",
];

const DOWN: &[&str] = &["DROP TABLE audit_heads", "DROP TABLE audit_seals"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await?;
        dialect::append_only(manager, "audit_seals").await?;
        dialect::append_only(manager, "audit_heads").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
