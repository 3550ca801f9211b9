//! What one person changes by hand within a day is added up, and nobody slips under the limit by
//! asking twice at once.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The row of somebody who changes balances is locked while what they have changed is added up.
const UP: &[&str] = &[
    "CREATE TABLE adjusters (
        user_ref {text} NOT NULL PRIMARY KEY,
        asked_at {int} NOT NULL
    ) {strict}",
    "CREATE INDEX credit_adjustments_asked_by ON credit_adjustments (asked_by, decided_at)",
];

const DOWN: &[&str] = &["DROP INDEX credit_adjustments_asked_by", "DROP TABLE adjusters"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
