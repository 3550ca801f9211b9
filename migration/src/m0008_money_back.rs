//! Money that goes back: refunds, disputes, and what they do to credits.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The kinds of transfer from this migration on.
pub(crate) const KINDS: &str = "'grant', 'spend', 'hold', 'release', 'refund', 'refund_return', 'dispute', \
                     'dispute_end', 'chargeback', 'chargeback_return'";

const KINDS_BEFORE: &str = "'grant', 'spend'";

const UP: &[&str] = &[
    "ALTER TABLE payments ADD COLUMN refunded {int} NOT NULL DEFAULT 0 CHECK (refunded >= 0)",
    "ALTER TABLE credit_lots ADD COLUMN taken {int} NOT NULL DEFAULT 0 CHECK (taken >= 0)",
    "ALTER TABLE credit_lots ADD COLUMN owed {int} NOT NULL DEFAULT 0
        CHECK (owed >= 0 AND owed <= taken)",
    "CREATE TABLE refund_requests (
        id {uuid} NOT NULL PRIMARY KEY,
        payment_id {uuid} NOT NULL REFERENCES payments (id),
        customer_id {uuid} NOT NULL REFERENCES customers (id),
        state {text} NOT NULL CHECK (state IN ('pending_review', 'approved', 'refunded', 'failed',
            'denied', 'appealed', 'rejected')),
        reason {bytes} NOT NULL,
        details {bytes},
        appeal {bytes},
        amount {int} NOT NULL CHECK (amount > 0),
        currency {text} NOT NULL CHECK (length(currency) = 3),
        unused {int} NOT NULL CHECK (unused > 0),
        granted {int} NOT NULL CHECK (granted >= unused),
        held {int} NOT NULL CHECK (held >= 0),
        holds {int} NOT NULL CHECK (holds > 0),
        requested_by {text} NOT NULL,
        first_approved_by {text},
        first_approved_amount {int},
        denied_by {text},
        decided_by {text},
        decided_at {int},
        decision {text},
        version {int} NOT NULL DEFAULT 0,
        created_at {int} NOT NULL,
        updated_at {int} NOT NULL,
        appealed_at {int}
    ) {strict}",
    "CREATE UNIQUE INDEX refund_requests_open ON refund_requests (payment_id)
        WHERE state IN ('pending_review', 'approved', 'appealed')",
    "CREATE INDEX refund_requests_payment ON refund_requests (payment_id)",
    "CREATE INDEX refund_requests_customer ON refund_requests (customer_id, id)",
    "CREATE INDEX refund_requests_state ON refund_requests (state, id)",
    "CREATE TABLE refunds (
        id {uuid} NOT NULL PRIMARY KEY,
        payment_id {uuid} NOT NULL REFERENCES payments (id),
        request_id {uuid} UNIQUE REFERENCES refund_requests (id),
        provider {text} NOT NULL CHECK (provider IN ('stripe', 'paypal')),
        provider_reference {text},
        origin {text} NOT NULL CHECK (origin IN ('desk', 'provider')),
        amount {int} NOT NULL CHECK (amount > 0),
        currency {text} NOT NULL CHECK (length(currency) = 3),
        credits {int} NOT NULL CHECK (credits >= 0),
        state {text} NOT NULL CHECK (state IN ('reserved', 'submitting', 'unknown', 'pending',
            'succeeded', 'canceled', 'failed')),
        booked {text} NOT NULL CHECK (booked IN ('nothing', 'paid', 'returned')),
        idempotency_key {text} UNIQUE,
        first_sent_at {int},
        failure {text},
        version {int} NOT NULL DEFAULT 0,
        created_at {int} NOT NULL,
        updated_at {int} NOT NULL,
        succeeded_at {int},
        UNIQUE (provider, provider_reference)
    ) {strict}",
    "CREATE INDEX refunds_payment ON refunds (payment_id)",
    "CREATE INDEX refunds_open ON refunds (updated_at)
        WHERE state IN ('reserved', 'submitting', 'unknown', 'pending')",
    "CREATE TABLE disputes (
        id {uuid} NOT NULL PRIMARY KEY,
        payment_id {uuid} NOT NULL REFERENCES payments (id),
        provider {text} NOT NULL CHECK (provider IN ('stripe', 'paypal')),
        provider_reference {text} NOT NULL,
        amount {int} NOT NULL CHECK (amount > 0),
        currency {text} NOT NULL CHECK (length(currency) = 3),
        credits {int} NOT NULL CHECK (credits >= 0),
        reason {text} NOT NULL,
        state {text} NOT NULL CHECK (state IN ('warning', 'needs_response', 'under_review',
            'harmless', 'won', 'lost')),
        funds {text} NOT NULL CHECK (funds IN ('untouched', 'withdrawn', 'reinstated')),
        booked {text} NOT NULL CHECK (booked IN ('nothing', 'open', 'won', 'lost')),
        booked_funds {text} NOT NULL CHECK (booked_funds IN ('untouched', 'withdrawn',
            'reinstated')),
        held {int} NOT NULL CHECK (held >= 0),
        evidence_due {int},
        opened_at {int} NOT NULL,
        version {int} NOT NULL DEFAULT 0,
        created_at {int} NOT NULL,
        updated_at {int} NOT NULL,
        closed_at {int},
        UNIQUE (provider, provider_reference)
    ) {strict}",
    "CREATE INDEX disputes_payment ON disputes (payment_id)",
    "CREATE INDEX disputes_state ON disputes (state, id)",
];

const DOWN: &[&str] = &[
    "DROP TABLE disputes",
    "DROP TABLE refunds",
    "DROP TABLE refund_requests",
    "ALTER TABLE credit_lots DROP COLUMN owed",
    "ALTER TABLE credit_lots DROP COLUMN taken",
    "ALTER TABLE payments DROP COLUMN refunded",
];

/// SQLite cannot change a `CHECK`: the tables are made again and take the old ones' places.
const REBUILD: &[&str] = &[
    "CREATE TABLE ledger_transfers_new (
        id BLOB NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ({kinds})),
        source_ref TEXT NOT NULL,
        customer_id BLOB NOT NULL REFERENCES customers (id),
        created_at INTEGER NOT NULL,
        UNIQUE (kind, source_ref)
    ) STRICT",
    "INSERT INTO ledger_transfers_new SELECT id, kind, source_ref, customer_id, created_at FROM
        ledger_transfers WHERE kind IN ({kinds})",
    "CREATE TABLE ledger_entries_new (
        transfer_id BLOB NOT NULL REFERENCES ledger_transfers_new (id),
        leg INTEGER NOT NULL,
        account TEXT NOT NULL,
        asset TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount <> 0),
        PRIMARY KEY (transfer_id, leg)
    ) STRICT",
    "INSERT INTO ledger_entries_new SELECT transfer_id, leg, account, asset, amount FROM
        ledger_entries WHERE transfer_id IN (SELECT id FROM ledger_transfers_new)",
    "DROP TABLE ledger_entries",
    "DROP TABLE ledger_transfers",
    "ALTER TABLE ledger_transfers_new RENAME TO ledger_transfers",
    "ALTER TABLE ledger_entries_new RENAME TO ledger_entries",
    "CREATE INDEX ledger_transfers_customer ON ledger_transfers (customer_id, created_at)",
    "CREATE INDEX ledger_transfers_history ON ledger_transfers (customer_id, id)",
    "CREATE INDEX ledger_entries_account ON ledger_entries (account, asset)",
];

/// Lets `ledger_transfers.kind` be one of `kinds`, a list in quotes, and nothing else.
pub(crate) async fn allow_kinds(manager: &SchemaManager<'_>, kinds: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if connection.get_database_backend() == DatabaseBackend::Postgres {
        let sql = format!(
            "ALTER TABLE ledger_transfers DROP CONSTRAINT ledger_transfers_kind_check, ADD \
             CONSTRAINT ledger_transfers_kind_check CHECK (kind IN ({kinds}))"
        );
        connection.execute_unprepared(&sql).await?;
        return Ok(());
    }
    for statement in REBUILD {
        connection.execute_unprepared(&statement.replace("{kinds}", kinds)).await?;
    }
    dialect::append_only(manager, "ledger_transfers").await?;
    dialect::append_only(manager, "ledger_entries").await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: tables are made again, and half of that would be worse than none.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await?;
        allow_kinds(manager, KINDS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        allow_kinds(manager, KINDS_BEFORE).await?;
        dialect::run(manager, DOWN).await
    }
}
