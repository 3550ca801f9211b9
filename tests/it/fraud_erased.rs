//! Where payers came from is known for as long as it serves (`AC9.3.6`).

use entities::{customer, mail, payment, portal_session};
use jobs::{Job, Prune};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;
use tests::{TestApp, USER};

const HOME: &str = "203.0.113.7";
const RISKY: &str = "pm_card_riskLevelElevated";
const DAY: i64 = 24 * 3_600 * 1_000_000;

/// Makes every payment, and every try that was declined, `days` older.
async fn age(app: &TestApp, days: i64) {
    let txn = app.store.db.begin().await.unwrap();
    for (table, column) in [("payments", "created_at"), ("declines", "at")] {
        let sql = format!("UPDATE {table} SET {column} = {column} - {}", days * DAY);
        txn.execute_unprepared(&sql).await.unwrap();
    }
    txn.commit().await.unwrap();
}

async fn prune(app: &TestApp, tick: &str) {
    let txn = app.store.db.begin().await.unwrap();
    let job = Prune { tick: tick.to_owned() };
    job.enqueue(&txn, app.store.clock.now()).await.unwrap();
    txn.commit().await.unwrap();
    app.run_jobs().await;
}

/// Payments with an address, with the hash of one, and declines with the hash of one.
async fn known(app: &TestApp) -> [i64; 3] {
    [
        app.count("payments WHERE address IS NOT NULL").await,
        app.count("payments WHERE address_blind IS NOT NULL").await,
        app.count("declines WHERE address_blind IS NOT NULL").await,
    ]
}

async fn leave(app: &TestApp, user: &str) {
    let token = app.token(user);
    assert_eq!(app.ask(Some(&token), "DELETE", "/api/v1/account", None).await.status, 202);
}

#[tokio::test]
async fn the_address_goes_with_the_account_and_its_hash_a_week_later() {
    let app = TestApp::watched().await;
    for (user, card) in [(USER, "pm_card_visa"), ("thief", "pm_card_chargeDeclined")] {
        assert_eq!(app.begin_from(user, card, HOME).await.status, 200);
        app.settle_begun(user).await;
    }
    assert_eq!(known(&app).await, [2, 2, 1]);

    leave(&app, "thief").await;
    assert_eq!(known(&app).await, [1, 2, 1], "hers alone is left");
    prune(&app, "young").await;
    assert_eq!(known(&app).await, [1, 2, 1], "tries are still counted");
    age(&app, 8).await;
    prune(&app, "a-week").await;
    assert_eq!(known(&app).await, [1, 0, 0]);
    age(&app, 173).await;
    prune(&app, "half-a-year").await;
    assert_eq!(known(&app).await, [0, 0, 0]);
    app.stop().await;
}

#[tokio::test]
async fn who_leaves_does_not_escape_the_blocklist() {
    let app = TestApp::watched().await;
    assert_eq!(app.begin_from(USER, RISKY, HOME).await.status, 200);
    app.settle_begun(USER).await;
    let case = app.only_case().await;

    leave(&app, USER).await;
    age(&app, 200).await;
    prune(&app, "open").await;
    assert_eq!(known(&app).await, [1, 0, 0], "the case is open");
    let decided = app.review("eve", case.id, "confirm", &json!({ "block": ["address"] })).await;
    assert_eq!(decided.status, 200, "{}", decided.body);
    prune(&app, "decided").await;
    assert_eq!(known(&app).await, [0, 0, 0]);
    assert_eq!(app.begin_from("mallory", "pm_card_visa", HOME).await.status, 403);
    app.stop().await;
}

/// Everything sealed that says who bought, where from, and to whom mails went.
async fn sealed(app: &TestApp) -> Vec<Vec<u8>> {
    let reader = app.store.db.reader();
    let customers = customer::Entity::find().all(reader).await.unwrap();
    let payments = payment::Entity::find().all(reader).await.unwrap();
    let mails = mail::Entity::find().all(reader).await.unwrap();
    let sessions = portal_session::Entity::find().all(reader).await.unwrap();
    let mut sealed: Vec<Vec<u8>> = customers.into_iter().filter_map(|row| row.email).collect();
    sealed.extend(payments.into_iter().filter_map(|row| row.address));
    sealed.extend(sessions.into_iter().filter_map(|row| row.email));
    // Alerts go to the operator.
    let theirs = mails.into_iter().filter(|row| row.occasion.starts_with("receipt:"));
    sealed.extend(theirs.map(|row| row.recipient).filter(|sealed| !sealed.is_empty()));
    sealed
}

// AC9.3.6
#[tokio::test]
async fn who_leaves_is_in_no_row_any_more_nor_in_the_embedded_database_s_file() {
    let app = TestApp::watched().await;
    assert_eq!(app.begin_from(USER, "pm_card_visa", HOME).await.status, 200);
    app.settle_begun(USER).await;
    let user = payments::customers::User {
        user_ref: USER.to_owned(),
        email: Some(format!("{USER}@example.com")),
    };
    let session = payments::sessions::open(&app.store, &user, &[]).await.unwrap();
    let before = sealed(&app).await;
    assert_eq!(before.len(), 4, "customer, payment, session, receipt");

    leave(&app, USER).await;
    assert_eq!(sealed(&app).await, Vec::<Vec<u8>>::new());
    assert!(payments::sessions::find(&app.store, &session).await.unwrap().is_none());
    assert_eq!(app.count("mails WHERE occasion LIKE 'receipt:%'").await, 1, "that it went stays");
    if app.store.db.backend() == sea_orm::DatabaseBackend::Sqlite {
        app.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
        let file = std::fs::read(app.directory().join("quittance.db")).unwrap();
        for sealed in &before {
            assert!(!file.windows(sealed.len()).any(|part| part == sealed), "it is still there");
        }
    }
    app.stop().await;
}
