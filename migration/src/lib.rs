//! The schema's history.
//!
//! **Invariant:** a migration that has been released is never edited, and none imports `entities`:
//! what the code calls a thing today says nothing about what the table was called then.
//!
//! Tables are written as SQL, once for both databases: see [`dialect`]. Every table of SQLite is
//! `STRICT`, because it would otherwise store `'12.5abc'` as an amount.
#![expect(elided_lifetimes_in_paths, reason = "`MigrationTrait` must be implemented without them")]

use sea_orm_migration::prelude::*;

pub mod dialect;
mod m0001_inbox_and_jobs;
mod m0002_payments;
mod m0003_ledger;
mod m0004_desk;
mod m0006_shop;
mod m0007_sessions;
mod m0008_money_back;
mod m0009_audit_chain;
mod m0010_watch;
mod m0012_desk_lists;
mod m0013_reconciliation;
mod m0014_checkout_sessions;
mod m0015_dispute_answers;
mod m0017_wallets;
mod m0018_dispute_gaps;
mod m0019_adjustments;
mod m0020_adjusters;
mod m0021_unread_indexes;
mod m0022_entries_checked_together;
mod m0023_events_pruned_by_key;

/// Every migration, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_inbox_and_jobs::Migration),
            Box::new(m0002_payments::Migration),
            Box::new(m0003_ledger::Migration),
            Box::new(m0004_desk::Migration),
            Box::new(m0006_shop::Migration),
            Box::new(m0007_sessions::Migration),
            Box::new(m0008_money_back::Migration),
            Box::new(m0009_audit_chain::Migration),
            Box::new(m0010_watch::Migration),
            Box::new(m0012_desk_lists::Migration),
            Box::new(m0013_reconciliation::Migration),
            Box::new(m0014_checkout_sessions::Migration),
            Box::new(m0015_dispute_answers::Migration),
            Box::new(m0017_wallets::Migration),
            Box::new(m0018_dispute_gaps::Migration),
            Box::new(m0019_adjustments::Migration),
            Box::new(m0020_adjusters::Migration),
            Box::new(m0021_unread_indexes::Migration),
            Box::new(m0022_entries_checked_together::Migration),
            Box::new(m0023_events_pruned_by_key::Migration),
        ]
    }
}

pub use sea_orm_migration::MigratorTrait as Migrate;
