//! An index that every webhook wrote to and that was read once a day: old events are found by their
//! keys, which are as old as they are.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &["DROP INDEX provider_events_received_at"];

const DOWN: &[&str] =
    &["CREATE INDEX provider_events_received_at ON provider_events (received_at)"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
