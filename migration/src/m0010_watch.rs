//! Fraud: where payments come from, cases with what is set aside for them, who is kept out, and
//! attacks.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "ALTER TABLE payments ADD COLUMN card_blind {text}",
    "ALTER TABLE payments ADD COLUMN card_country {text}",
    "ALTER TABLE payments ADD COLUMN risk {text}
        CHECK (risk IN ('normal', 'unprotected', 'elevated', 'highest'))",
    "ALTER TABLE payments ADD COLUMN risk_score {int}",
    "ALTER TABLE payments ADD COLUMN address_blind {text}",
    "ALTER TABLE payments ADD COLUMN address {bytes}",
    "ALTER TABLE payments ADD COLUMN device_blind {text}",
    "CREATE INDEX payments_card ON payments (card_blind, created_at)
        WHERE card_blind IS NOT NULL",
    "CREATE INDEX payments_address ON payments (address_blind, created_at)
        WHERE address_blind IS NOT NULL",
    "CREATE INDEX payments_device ON payments (device_blind, created_at)
        WHERE device_blind IS NOT NULL",
    "CREATE TABLE declines (
        payment_id {uuid} NOT NULL REFERENCES payments (id),
        at {int} NOT NULL,
        code {text} NOT NULL,
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        address_blind {text},
        PRIMARY KEY (payment_id, at, code)
    ) {strict}",
    "CREATE INDEX declines_at ON declines (at)",
    "CREATE INDEX declines_customer ON declines (customer_id, at)",
    "CREATE INDEX declines_address ON declines (address_blind, at)
        WHERE address_blind IS NOT NULL",
    "ALTER TABLE customers ADD COLUMN flagged_at {int}",
    "ALTER TABLE reviews ADD COLUMN points {int} NOT NULL DEFAULT 0",
    "ALTER TABLE reviews ADD COLUMN hits {text}",
    "ALTER TABLE reviews ADD COLUMN held {int} NOT NULL DEFAULT 0 CHECK (held >= 0)",
    "ALTER TABLE reviews ADD COLUMN version {int} NOT NULL DEFAULT 0",
    "ALTER TABLE reviews ADD COLUMN note {text}",
    "CREATE INDEX reviews_state ON reviews (state, id)",
    "CREATE INDEX reviews_created_at ON reviews (created_at)",
    "CREATE TABLE case_messages (
        id {uuid} NOT NULL PRIMARY KEY,
        review_id {uuid} NOT NULL REFERENCES reviews (id),
        body {bytes} NOT NULL,
        sent_by {text} NOT NULL,
        created_at {int} NOT NULL
    ) {strict}",
    "CREATE INDEX case_messages_review ON case_messages (review_id, id)",
    "CREATE TABLE blocklist (
        id {uuid} NOT NULL PRIMARY KEY,
        kind {text} NOT NULL CHECK (kind IN ('user', 'card', 'email_domain', 'address')),
        value {text} NOT NULL CHECK (value <> ''),
        low {text},
        high {text},
        reason {text} NOT NULL,
        review_id {uuid} REFERENCES reviews (id),
        added_by {text} NOT NULL,
        created_at {int} NOT NULL,
        expires_at {int},
        removed_by {text},
        removed_at {int},
        CHECK ((kind = 'address') = (low IS NOT NULL AND high IS NOT NULL))
    ) {strict}",
    "CREATE UNIQUE INDEX blocklist_in_force ON blocklist (kind, value) WHERE removed_at IS NULL",
    "CREATE TABLE attacks (
        id {uuid} NOT NULL PRIMARY KEY,
        signal {text} NOT NULL,
        seen {int} NOT NULL CHECK (seen > 0),
        detail {text} NOT NULL,
        began_at {int} NOT NULL,
        last_seen_at {int} NOT NULL,
        paused_until {int},
        ended_at {int}
    ) {strict}",
    "CREATE UNIQUE INDEX attacks_open ON attacks (signal) WHERE ended_at IS NULL",
    // SQLite cannot change a CHECK.
    "CREATE TABLE controls_new (
        scope {text} NOT NULL PRIMARY KEY
            CHECK (scope IN ('all', 'events', 'money', 'refunds', 'mail', 'upkeep')),
        state {text} NOT NULL CHECK (state IN ('running', 'paused')),
        reason {text} NOT NULL,
        set_by {text} NOT NULL,
        until {int},
        updated_at {int} NOT NULL
    ) {strict}",
    "INSERT INTO controls_new SELECT scope, state, reason, set_by, until, updated_at FROM controls",
    "DROP TABLE controls",
    "ALTER TABLE controls_new RENAME TO controls",
];

const DOWN: &[&str] = &[
    "CREATE TABLE controls_old (
        scope {text} NOT NULL PRIMARY KEY
            CHECK (scope IN ('all', 'events', 'money', 'mail', 'upkeep')),
        state {text} NOT NULL CHECK (state IN ('running', 'paused')),
        reason {text} NOT NULL,
        set_by {text} NOT NULL,
        until {int},
        updated_at {int} NOT NULL
    ) {strict}",
    "INSERT INTO controls_old SELECT scope, state, reason, set_by, until, updated_at FROM controls
        WHERE scope <> 'refunds'",
    "DROP TABLE controls",
    "ALTER TABLE controls_old RENAME TO controls",
    "DROP TABLE attacks",
    "DROP TABLE blocklist",
    "DROP TABLE case_messages",
    "DROP INDEX reviews_created_at",
    "DROP INDEX reviews_state",
    "ALTER TABLE reviews DROP COLUMN note",
    "ALTER TABLE reviews DROP COLUMN version",
    "ALTER TABLE reviews DROP COLUMN held",
    "ALTER TABLE reviews DROP COLUMN hits",
    "ALTER TABLE reviews DROP COLUMN points",
    "ALTER TABLE customers DROP COLUMN flagged_at",
    "DROP TABLE declines",
    "DROP INDEX payments_device",
    "DROP INDEX payments_address",
    "DROP INDEX payments_card",
    "ALTER TABLE payments DROP COLUMN device_blind",
    "ALTER TABLE payments DROP COLUMN address",
    "ALTER TABLE payments DROP COLUMN address_blind",
    "ALTER TABLE payments DROP COLUMN risk_score",
    "ALTER TABLE payments DROP COLUMN risk",
    "ALTER TABLE payments DROP COLUMN card_country",
    "ALTER TABLE payments DROP COLUMN card_blind",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: a table is made again, and half of that would be worse than none.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
