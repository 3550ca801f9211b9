//! What a shop needs around a payment: saved methods, invoices, answers that can be repeated.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "ALTER TABLE customers ADD COLUMN billing {bytes}",
    "ALTER TABLE customers ADD COLUMN closed_at {int}",
    "CREATE TABLE provider_customers (
        id {uuid} NOT NULL PRIMARY KEY,
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        provider {text} NOT NULL CHECK (provider IN ('stripe', 'paypal')),
        livemode {bool} NOT NULL,
        reference {bytes} NOT NULL,
        reference_blind {text} NOT NULL,
        created_at {int} NOT NULL,
        UNIQUE (customer_id, provider, livemode),
        UNIQUE (provider, reference_blind)
    ) {strict}",
    "CREATE TABLE payment_methods (
        id {uuid} NOT NULL PRIMARY KEY,
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        provider {text} NOT NULL CHECK (provider IN ('stripe', 'paypal')),
        livemode {bool} NOT NULL,
        token {bytes} NOT NULL,
        token_blind {text} NOT NULL,
        kind {text},
        brand {text},
        last4 {text} CHECK (length(last4) <= 4),
        exp_month {int} CHECK (exp_month BETWEEN 1 AND 12),
        exp_year {int},
        created_at {int} NOT NULL,
        detached_at {int},
        UNIQUE (provider, token_blind)
    ) {strict}",
    "CREATE INDEX payment_methods_customer ON payment_methods (customer_id, created_at)",
    "CREATE TABLE invoice_series (
        series {text} NOT NULL PRIMARY KEY,
        last {int} NOT NULL CHECK (last >= 0)
    ) {strict}",
    "CREATE TABLE invoices (
        id {uuid} NOT NULL PRIMARY KEY,
        series {text} NOT NULL,
        number {int} NOT NULL CHECK (number > 0),
        payment_id {uuid} NOT NULL UNIQUE REFERENCES payments (id),
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        snapshot {bytes},
        issued_at {int} NOT NULL,
        UNIQUE (series, number)
    ) {strict}",
    "CREATE TABLE idempotency_keys (
        user_ref {text} NOT NULL,
        key {text} NOT NULL,
        operation {text} NOT NULL,
        request_hash {text} NOT NULL,
        owner {uuid} NOT NULL,
        locked_until {int} NOT NULL,
        status {int},
        answer {bytes},
        expires_at {int} NOT NULL,
        PRIMARY KEY (user_ref, key)
    ) {strict}",
    "CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at)",
    "ALTER TABLE mails ADD COLUMN recipient_blind {text}",
    "CREATE INDEX mails_recipient ON mails (recipient_blind, created_at)",
    "CREATE INDEX payments_history ON payments (customer_id, id)",
    "CREATE INDEX ledger_transfers_history ON ledger_transfers (customer_id, id)",
];

const DOWN: &[&str] = &[
    "DROP INDEX ledger_transfers_history",
    "DROP INDEX payments_history",
    "DROP INDEX mails_recipient",
    "ALTER TABLE mails DROP COLUMN recipient_blind",
    "DROP TABLE idempotency_keys",
    "DROP TABLE invoices",
    "DROP TABLE invoice_series",
    "DROP TABLE payment_methods",
    "DROP TABLE provider_customers",
    "ALTER TABLE customers DROP COLUMN closed_at",
    "ALTER TABLE customers DROP COLUMN billing",
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
