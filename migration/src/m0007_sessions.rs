//! Who a browser is, for a while.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE portal_sessions (
        id {uuid} NOT NULL PRIMARY KEY,
        token_hash {text} NOT NULL UNIQUE,
        user_ref {text} NOT NULL CHECK (user_ref <> ''),
        email {bytes},
        roles {text} NOT NULL,
        created_at {int} NOT NULL,
        expires_at {int} NOT NULL
    ) {strict}",
    "CREATE INDEX portal_sessions_expired ON portal_sessions (expires_at)",
];

const DOWN: &[&str] = &["DROP TABLE portal_sessions"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
