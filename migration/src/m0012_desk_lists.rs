//! What the admin desk looks for: the events of a payment, and what was earned when.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Partial, so that what is applied at full speed has little to keep.
const UP: &[&str] = &[
    "ALTER TABLE provider_events ADD COLUMN payment_id {uuid}",
    "CREATE INDEX provider_events_payment ON provider_events (payment_id)
        WHERE payment_id IS NOT NULL",
    "CREATE INDEX provider_events_dead ON provider_events (id) WHERE state = 'dead'",
    "CREATE INDEX payments_succeeded_at ON payments (succeeded_at)
        WHERE succeeded_at IS NOT NULL",
];

const DOWN: &[&str] = &[
    "DROP INDEX payments_succeeded_at",
    "DROP INDEX provider_events_dead",
    "DROP INDEX provider_events_payment",
    "ALTER TABLE provider_events DROP COLUMN payment_id",
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
