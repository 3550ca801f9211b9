//! The inbox, the jobs, and what the processes agree on.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE provider_events (
        id {uuid} NOT NULL PRIMARY KEY,
        provider {text} NOT NULL CHECK (provider IN ('stripe', 'paypal')),
        account {text} NOT NULL,
        livemode {bool} NOT NULL,
        event_id {text} NOT NULL,
        kind {text} NOT NULL,
        occurred_at {int} NOT NULL,
        body {bytes} NOT NULL,
        sha256 {text} NOT NULL,
        state {text} NOT NULL
            CHECK (state IN ('received', 'applied', 'ignored', 'parked', 'dead')),
        error {text},
        source {text} NOT NULL CHECK (source IN ('webhook', 'poll', 'replay')),
        parks {int} NOT NULL DEFAULT 0,
        received_at {int} NOT NULL,
        settled_at {int},
        UNIQUE (provider, account, livemode, event_id)
    ) {strict}",
    "CREATE INDEX provider_events_received_at ON provider_events (received_at)",
    "CREATE INDEX provider_events_open ON provider_events (received_at)
        WHERE state IN ('received', 'parked')",
    "CREATE TABLE jobs (
        id {uuid} NOT NULL PRIMARY KEY,
        name {text} NOT NULL,
        lane {text} NOT NULL CHECK (lane IN ('events', 'money', 'mail', 'upkeep')),
        dedup_key {text} NOT NULL,
        payload {text} NOT NULL,
        state {text} NOT NULL
            CHECK (state IN ('queued', 'running', 'done', 'dead', 'cancelled')),
        attempts {int} NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        run_at {int} NOT NULL,
        lease_until {int},
        worker {text},
        last_error {text},
        traceparent {text},
        created_at {int} NOT NULL,
        finished_at {int},
        UNIQUE (name, dedup_key),
        CHECK (state <> 'running' OR (lease_until IS NOT NULL AND worker IS NOT NULL))
    ) {strict}",
    "CREATE INDEX jobs_due ON jobs (lane, run_at) WHERE state = 'queued'",
    "CREATE INDEX jobs_leased ON jobs (lane, lease_until) WHERE state = 'running'",
    "CREATE INDEX jobs_dead ON jobs (finished_at) WHERE state = 'dead'",
    "CREATE TABLE leases (
        name {text} NOT NULL PRIMARY KEY,
        holder {text} NOT NULL,
        until {int} NOT NULL
    ) {strict}",
    "CREATE TABLE controls (
        scope {text} NOT NULL PRIMARY KEY
            CHECK (scope IN ('all', 'events', 'money', 'mail', 'upkeep')),
        state {text} NOT NULL CHECK (state IN ('running', 'paused')),
        reason {text} NOT NULL,
        set_by {text} NOT NULL,
        until {int},
        updated_at {int} NOT NULL
    ) {strict}",
    "CREATE TABLE data_keys (
        kid {int} NOT NULL PRIMARY KEY,
        wrapped {bytes} NOT NULL,
        created_at {int} NOT NULL
    ) {strict}",
];

const DOWN: &[&str] = &[
    "DROP TABLE data_keys",
    "DROP TABLE controls",
    "DROP TABLE leases",
    "DROP TABLE jobs",
    "DROP TABLE provider_events",
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
