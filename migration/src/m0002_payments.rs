//! Who pays, for what, and how far it has come.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE customers (
        id {uuid} NOT NULL PRIMARY KEY,
        user_ref {text} NOT NULL UNIQUE CHECK (user_ref <> ''),
        email {bytes},
        created_at {int} NOT NULL,
        updated_at {int} NOT NULL
    ) {strict}",
    "CREATE TABLE packages (
        id {text} NOT NULL PRIMARY KEY,
        name {text} NOT NULL,
        amount {int} NOT NULL CHECK (amount > 0),
        currency {text} NOT NULL CHECK (length(currency) = 3),
        credits {int} NOT NULL CHECK (credits > 0),
        bonus_credits {int} NOT NULL CHECK (bonus_credits >= 0),
        active {bool} NOT NULL,
        updated_at {int} NOT NULL
    ) {strict}",
    "CREATE TABLE payments (
        id {uuid} NOT NULL PRIMARY KEY,
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        package_id {text} NOT NULL REFERENCES packages (id),
        kind {text} NOT NULL CHECK (kind IN ('one_time', 'recurring')),
        provider {text} NOT NULL CHECK (provider IN ('stripe', 'paypal')),
        provider_reference {text},
        livemode {bool} NOT NULL,
        amount {int} NOT NULL CHECK (amount > 0),
        currency {text} NOT NULL CHECK (length(currency) = 3),
        credits {int} NOT NULL CHECK (credits > 0),
        bonus_credits {int} NOT NULL CHECK (bonus_credits >= 0),
        status {text} NOT NULL CHECK (status IN ('pending', 'requires_action', 'processing',
            'failed', 'canceled', 'succeeded', 'partially_refunded', 'refunded', 'blocked')),
        failure_code {text},
        decline_code {text},
        failed_at {int},
        method_kind {text},
        method_brand {text},
        method_last4 {text},
        receipt_url {text},
        version {int} NOT NULL DEFAULT 0,
        created_at {int} NOT NULL,
        updated_at {int} NOT NULL,
        succeeded_at {int},
        UNIQUE (provider, provider_reference)
    ) {strict}",
    "CREATE INDEX payments_customer ON payments (customer_id, created_at)",
    "CREATE INDEX payments_unfinished ON payments (updated_at)
        WHERE status IN ('pending', 'requires_action', 'processing')",
];

const DOWN: &[&str] = &["DROP TABLE payments", "DROP TABLE packages", "DROP TABLE customers"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
