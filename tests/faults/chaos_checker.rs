//! The check itself is checked: each thing that may go wrong is done to a database on purpose, and
//! has to be found.

use boot::sql;
use sea_orm::ConnectionTrait;
use tests::{
    chaos::{Delivered, Expected, Load, LoadOptions, Planned, check, prepare, quiet, script},
    process::{Role, Stage},
};

/// What is done, and the invariant that no longer holds.
const SABOTAGE: [(&str, &str); 12] = [
    ("DELETE FROM provider_events WHERE id IN (SELECT id FROM provider_events LIMIT 1)", "I1"),
    (
        "UPDATE provider_events SET state = 'parked' WHERE id IN (SELECT id FROM provider_events LIMIT 1)",
        "I2",
    ),
    ("DELETE FROM credit_lots WHERE id IN (SELECT id FROM credit_lots LIMIT 1)", "I3"),
    ("UPDATE credit_lots SET granted = granted + 1, remaining = remaining + 1", "I4"),
    ("UPDATE balances SET amount = amount + 1 WHERE asset = 'credits'", "I4"),
    ("UPDATE ledger_entries SET amount = amount + 1 WHERE leg = 0", "I4"),
    ("DELETE FROM ledger_entries WHERE leg = 0", "I4"),
    ("UPDATE mails SET state = 'sending' WHERE id IN (SELECT id FROM mails LIMIT 1)", "I6"),
    ("DELETE FROM mails WHERE id IN (SELECT id FROM mails LIMIT 1)", "I6"),
    ("UPDATE payments SET status = 'processing' WHERE status = 'succeeded'", "I7"),
    ("UPDATE payments SET status = 'pending' WHERE status = 'failed'", "I7"),
    ("UPDATE jobs SET state = 'dead' WHERE id IN (SELECT id FROM jobs LIMIT 1)", "I12"),
];

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_broken_on_purpose_is_found() {
    let stage = Stage::embedded();
    let mut program = stage.start(Role::Both, "quittance").await;
    let store = stage.store().await;
    let payments = prepare(&store, 11, 40).await;
    let options = LoadOptions { seed: 11, rate: 200, targets: vec![program.base()] };
    let load = Load::start(script(11, &payments), options, stage.directory());
    let delivered = load.finish(std::time::Duration::from_mins(1)).await;
    assert!(quiet(&store, std::time::Duration::from_mins(1)).await);
    program.kill();
    assert_eq!(wrong(&stage, &payments, &delivered).await, Vec::<String>::new());

    // Append-only tables refuse these changes, as they should.
    let triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
    let statement = sql::statement(store.db.backend(), triggers, Vec::new());
    assert!(store.db.writer().execute_unprepared("DELETE FROM ledger_entries").await.is_err());
    for row in store.db.writer().query_all_raw(statement).await.unwrap() {
        let name: String = row.try_get("", "name").unwrap();
        store.db.writer().execute_unprepared(&format!("DROP TRIGGER {name}")).await.unwrap();
    }
    for (sabotage, invariant) in SABOTAGE {
        let writer = store.db.writer();
        writer.execute_unprepared("PRAGMA foreign_keys = OFF").await.unwrap();
        writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        let (file, copy) = (stage.path("quittance.db"), stage.path("sound.db"));
        std::fs::copy(&file, &copy).unwrap();
        writer.execute_unprepared(sabotage).await.unwrap();
        let found = wrong(&stage, &payments, &delivered).await;
        assert!(found.iter().any(|it| it.starts_with(invariant)), "{sabotage}: {found:?}");
        restore(&store, &copy).await;
    }
    assert_eq!(wrong(&stage, &payments, &delivered).await, Vec::<String>::new());
}

async fn wrong(stage: &Stage, payments: &[Planned], delivered: &Delivered) -> Vec<String> {
    let store = stage.store().await;
    let expected = Expected { payments, delivered };
    let wrong = check(&store, expected, &stage.path("data/mail")).await;
    store.db.close().await.unwrap();
    wrong
}

/// Takes every row back from the copy.
async fn restore(store: &payments::Store, copy: &std::path::Path) {
    let tables = [
        "provider_events",
        "jobs",
        "credit_lots",
        "balances",
        "ledger_entries",
        "mails",
        "payments",
    ];
    let writer = store.db.writer();
    let attach = format!("ATTACH DATABASE '{}' AS sound", copy.display());
    writer.execute_unprepared(&attach).await.unwrap();
    for table in tables {
        let all = format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM sound.{table}");
        writer.execute_unprepared(&all).await.unwrap();
    }
    writer.execute_unprepared("DETACH DATABASE sound").await.unwrap();
}
