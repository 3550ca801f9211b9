//! The ledger: transfers that balance, written once and never changed; and what is derived of it.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE ledger_transfers (
        id {uuid} NOT NULL PRIMARY KEY,
        kind {text} NOT NULL CHECK (kind IN ('grant', 'spend')),
        source_ref {text} NOT NULL,
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        created_at {int} NOT NULL,
        UNIQUE (kind, source_ref)
    ) {strict}",
    "CREATE INDEX ledger_transfers_customer ON ledger_transfers (customer_id, created_at)",
    "CREATE TABLE ledger_entries (
        transfer_id {uuid} NOT NULL REFERENCES ledger_transfers (id),
        leg {int} NOT NULL,
        account {text} NOT NULL,
        asset {text} NOT NULL,
        amount {int} NOT NULL CHECK (amount <> 0),
        PRIMARY KEY (transfer_id, leg)
    ) {strict}",
    "CREATE INDEX ledger_entries_account ON ledger_entries (account, asset)",
    "CREATE TABLE balances (
        account {text} NOT NULL,
        asset {text} NOT NULL,
        amount {int} NOT NULL,
        updated_at {int} NOT NULL,
        PRIMARY KEY (account, asset)
    ) {strict}",
    "CREATE TABLE credit_lots (
        id {uuid} NOT NULL PRIMARY KEY,
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        payment_id {uuid} NOT NULL UNIQUE REFERENCES payments (id),
        granted {int} NOT NULL CHECK (granted > 0),
        bonus {int} NOT NULL CHECK (bonus >= 0),
        remaining {int} NOT NULL CHECK (remaining >= 0),
        held {int} NOT NULL DEFAULT 0 CHECK (held >= 0),
        expires_at {int},
        created_at {int} NOT NULL,
        CHECK (remaining + held <= granted + bonus)
    ) {strict}",
    "CREATE INDEX credit_lots_customer ON credit_lots (customer_id, created_at)",
];

const DOWN: &[&str] = &[
    "DROP TABLE credit_lots",
    "DROP TABLE balances",
    "DROP TABLE ledger_entries",
    "DROP TABLE ledger_transfers",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_refuse_change(manager).await?;
        dialect::run(manager, UP).await?;
        dialect::append_only(manager, "ledger_transfers").await?;
        dialect::append_only(manager, "ledger_entries").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await?;
        dialect::drop_refuse_change(manager).await
    }
}
