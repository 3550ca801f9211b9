//! Pages of a provider's on which a payment is made.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &["CREATE TABLE checkout_sessions (
        payment_id {uuid} NOT NULL PRIMARY KEY REFERENCES payments (id),
        reference {text} NOT NULL UNIQUE,
        created_at {int} NOT NULL
    ) {strict}"];

const DOWN: &[&str] = &["DROP TABLE checkout_sessions"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
