//! Two indexes that every grant wrote to, six times, and that no query reads.
//!
//! A customer's movements are found by `ledger_transfers_history`, the entries of a transfer by their
//! key; whoever sums up accounts reads the whole table.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &["DROP INDEX ledger_entries_account", "DROP INDEX ledger_transfers_customer"];

const DOWN: &[&str] = &[
    "CREATE INDEX ledger_transfers_customer ON ledger_transfers (customer_id, created_at)",
    "CREATE INDEX ledger_entries_account ON ledger_entries (account, asset)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
