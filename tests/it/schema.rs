//! The schema: up and down, append-only, and as strict as the code (`002-DB1`, `002-DB4`).

use entities::{
    adjustment, control, dispute, dispute_answer, job, ledger_transfer, mail, payment,
    provider_event, reconciliation, reconciliation_gap, refund, refund_request, review,
};
use migration::{Migrate, Migrator};
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseBackend, Iterable};
use tests::{TestApp, stripe::event};

#[tokio::test]
async fn migrations_go_up_and_down_and_up_again() {
    let app = TestApp::without_workers().await;
    let db = app.store.db.writer();
    Migrator::down(db, None).await.unwrap();
    assert!(db.execute_unprepared("SELECT 1 FROM payments").await.is_err());
    Migrator::up(db, None).await.unwrap();
    assert_eq!(app.count("payments").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn what_is_append_only_refuses_change() {
    let app = TestApp::without_workers().await;
    app.pending_payment(Some("pi_append")).await;
    app.deliver(&event("evt_1", "payment_intent.succeeded", "pi_append", None)).await;
    app.run_jobs().await;
    payments::audit::seal(&app.store).await.unwrap();
    for (table, column) in [
        ("ledger_transfers", "id"),
        ("ledger_entries", "account"),
        ("audit_log", "actor"),
        ("audit_seals", "hash"),
        ("audit_heads", "mac"),
    ] {
        let before = app.count(table).await;
        assert!(before > 0, "{table}");
        for sql in
            [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")]
        {
            assert!(app.store.db.writer().execute_unprepared(&sql).await.is_err(), "{sql}");
        }
        assert_eq!(app.count(table).await, before, "{table}");
    }
    app.stop().await;
}

/// PostgreSQL asks this once for each statement, SQLite by a foreign key.
#[tokio::test]
async fn no_entry_is_without_its_transfer() {
    let app = TestApp::without_workers().await;
    app.pending_payment(Some("pi_entry")).await;
    app.deliver(&event("evt_1", "payment_intent.succeeded", "pi_entry", None)).await;
    app.run_jobs().await;
    let entries = app.count("ledger_entries").await;
    let entry = |transfer: &str| {
        format!(
            "INSERT INTO ledger_entries (transfer_id, leg, account, asset, amount) SELECT {transfer}, \
             leg + 100, account, asset, amount FROM ledger_entries"
        )
    };
    let (missing, why) = match app.store.db.backend() {
        DatabaseBackend::Postgres => ("gen_random_uuid()", "a ledger entry has no transfer"),
        _ => ("randomblob(16)", "FOREIGN KEY constraint failed"),
    };
    let refused = app.store.db.writer().execute_unprepared(&entry(missing)).await.unwrap_err();
    assert!(refused.to_string().contains(why), "{refused}");
    assert_eq!(app.count("ledger_entries").await, entries);
    app.execute(&entry("transfer_id")).await;
    assert_eq!(app.count("ledger_entries").await, 2 * entries, "those of a transfer are let in");
    app.stop().await;
}

/// The words that the `CHECK` of a table allows must be those of the enum, no more and no fewer.
#[tokio::test]
async fn checks_mirror_the_enums() {
    let app = TestApp::without_workers().await;
    assert_words::<payment::Status>(&app, "payments").await;
    assert_words::<payment::Kind>(&app, "payments").await;
    assert_words::<provider_event::State>(&app, "provider_events").await;
    assert_words::<provider_event::Source>(&app, "provider_events").await;
    assert_words::<entities::Provider>(&app, "provider_events").await;
    assert_words::<job::State>(&app, "jobs").await;
    assert_words::<job::Lane>(&app, "jobs").await;
    assert_words::<ledger_transfer::Kind>(&app, "ledger_transfers").await;
    assert_words::<review::State>(&app, "reviews").await;
    assert_words::<mail::State>(&app, "mails").await;
    assert_words::<control::State>(&app, "controls").await;
    assert_words::<refund_request::State>(&app, "refund_requests").await;
    assert_words::<refund::State>(&app, "refunds").await;
    assert_words::<refund::Origin>(&app, "refunds").await;
    assert_words::<dispute_answer::Kind>(&app, "dispute_answers").await;
    assert_words::<dispute_answer::State>(&app, "dispute_answers").await;
    assert_words::<adjustment::State>(&app, "credit_adjustments").await;
    assert_words::<refund::Booked>(&app, "refunds").await;
    assert_words::<dispute::State>(&app, "disputes").await;
    assert_words::<dispute::Funds>(&app, "disputes").await;
    assert_words::<dispute::Booked>(&app, "disputes").await;
    assert_words::<entities::Provider>(&app, "reconciliations").await;
    assert_words::<reconciliation::Scope>(&app, "reconciliations").await;
    assert_words::<reconciliation::State>(&app, "reconciliations").await;
    assert_words::<reconciliation_gap::Kind>(&app, "reconciliation_gaps").await;
    app.stop().await;
}

async fn assert_words<E: ActiveEnum<Value = String> + Iterable>(app: &TestApp, table: &str) {
    let words: Vec<String> = E::iter().map(|word| word.to_value()).collect();
    let sql = definition(app, table).await;
    let lists = sql.split(['(', '[']).filter_map(|part| part.split([')', ']']).next());
    let mirrors = lists.map(quoted).any(|list| list == words);
    assert!(mirrors, "no CHECK of {table} allows just {words:?}: {sql}");
}

/// The quoted words of a list.
fn quoted(list: &str) -> Vec<String> {
    list.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

async fn definition(app: &TestApp, table: &str) -> String {
    let postgres = app.store.db.backend() == DatabaseBackend::Postgres;
    let sql = if postgres {
        format!(
            "SELECT string_agg(pg_get_constraintdef(oid), ' ') AS sql FROM pg_constraint WHERE \
             conrelid = '{table}'::regclass"
        )
    } else {
        format!("SELECT sql FROM sqlite_master WHERE name = '{table}'")
    };
    let statement = boot::sql::statement(app.store.db.backend(), &sql, Vec::new());
    let row = app.store.db.reader().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "sql").unwrap()
}
