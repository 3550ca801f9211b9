//! Balances that are changed by hand, and the kind of transfer that does it.

use sea_orm_migration::prelude::*;

use crate::{
    dialect,
    m0008_money_back::{KINDS, allow_kinds},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE credit_adjustments (
        id {uuid} NOT NULL PRIMARY KEY,
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        credits {int} NOT NULL CHECK (credits <> 0),
        remaining {int} NOT NULL DEFAULT 0 CHECK (remaining >= 0),
        reason {bytes},
        state {text} NOT NULL CHECK (state IN ('waiting', 'applied', 'refused')),
        reference {text} NOT NULL,
        asked_by {text} NOT NULL,
        decided_by {text},
        version {int} NOT NULL DEFAULT 0,
        created_at {int} NOT NULL,
        decided_at {int},
        UNIQUE (customer_id, reference),
        CHECK (remaining = 0 OR (remaining <= credits AND state = 'applied'))
    ) {strict}",
    "CREATE INDEX credit_adjustments_customer ON credit_adjustments (customer_id, id)",
    "CREATE INDEX credit_adjustments_state ON credit_adjustments (state, id)",
];

const DOWN: &[&str] = &["DROP TABLE credit_adjustments"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: tables are made again, and half of that would be worse than none.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await?;
        allow_kinds(manager, &format!("{KINDS}, 'adjustment'")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        allow_kinds(manager, KINDS).await?;
        dialect::run(manager, DOWN).await
    }
}
