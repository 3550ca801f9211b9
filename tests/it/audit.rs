//! The audit log's chain: whatever is done to a line after it was written is found.

use futures_util::future::join_all;
use jobs::{NewJob, VerifyAudit, queue};
use payments::audit::{self, Anchor, Line};
use sea_orm::DatabaseBackend;
use tests::TestApp;

/// Writes `lines` lines in one transaction.
async fn write(app: &TestApp, lines: usize) {
    let txn = app.store.db.begin().await.unwrap();
    let line = |n: usize| Line {
        actor: "operator".to_owned(),
        action: "test.line".to_owned(),
        subject: format!("subject {n}"),
        before: None,
        after: Some(n.to_string()),
    };
    audit::write(&txn, (0..lines).map(line).collect(), app.store.clock.now()).await.unwrap();
    txn.commit().await.unwrap();
}

/// A log of nine lines, sealed in three goes; and the last head.
async fn log() -> (TestApp, Anchor) {
    let app = TestApp::without_workers().await;
    let mut head = None;
    for _ in 0..3 {
        write(&app, 3).await;
        head = audit::seal(&app.store).await.unwrap().head;
    }
    assert_eq!(problems(&app, &[]).await, Vec::<String>::new());
    (app, head.unwrap())
}

async fn problems(app: &TestApp, anchors: &[Anchor]) -> Vec<String> {
    audit::verify(&app.store, anchors).await.unwrap().problems
}

/// What somebody can do who owns the database: they take the triggers away first.
pub(crate) async fn disarm(app: &TestApp) {
    for table in ["audit_log", "audit_seals", "audit_heads"] {
        if app.store.db.backend() == DatabaseBackend::Postgres {
            app.execute(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL")).await;
        } else {
            app.execute(&format!("DROP TRIGGER {table}_no_update")).await;
            app.execute(&format!("DROP TRIGGER {table}_no_delete")).await;
        }
    }
}

const LINE: &str = "(SELECT audit_id FROM audit_seals WHERE seq = 5)";

// 001-C6: any edit, deletion, swap, insertion or cut of the tail is found
#[tokio::test]
async fn whatever_is_done_to_the_log_is_found() {
    let old = "00000000000070008000000000000001";
    let id = |app: &TestApp| match app.store.db.backend() {
        DatabaseBackend::Postgres => format!("'{old}'::uuid"),
        _ => format!("x'{old}'"),
    };
    let lines = "INSERT INTO audit_log (id, at, actor, action, subject)";
    let tampering: Vec<(&str, Vec<String>)> = vec![
        ("edited", vec![format!("UPDATE audit_log SET actor = 'nobody' WHERE id = {LINE}")]),
        ("emptied", vec![format!("UPDATE audit_log SET after = NULL WHERE id = {LINE}")]),
        ("dated back", vec![format!("UPDATE audit_log SET at = at - 1 WHERE id = {LINE}")]),
        ("deleted", vec![format!("DELETE FROM audit_log WHERE id = {LINE}")]),
        (
            "deleted with its seal",
            vec![
                format!("DELETE FROM audit_log WHERE id = {LINE}"),
                "DELETE FROM audit_seals WHERE seq = 5".to_owned(),
            ],
        ),
        (
            "swapped",
            vec![
                "UPDATE audit_seals SET seq = 1000 WHERE seq = 4".to_owned(),
                "UPDATE audit_seals SET seq = 4 WHERE seq = 5".to_owned(),
                "UPDATE audit_seals SET seq = 5 WHERE seq = 1000".to_owned(),
            ],
        ),
        ("slipped in", vec![format!("{lines} VALUES ({{id}}, 1, 'x', 'y', 'z')")]),
        (
            "slipped in with a seal",
            vec![
                format!("{lines} VALUES ({{id}}, 1, 'x', 'y', 'z')"),
                "INSERT INTO audit_seals (seq, audit_id, hash) SELECT 10, {id}, hash FROM \
                 audit_seals WHERE seq = 9"
                    .to_owned(),
            ],
        ),
        (
            "signed by somebody else",
            vec!["UPDATE audit_heads SET mac = 'x' WHERE seq = 6".to_owned()],
        ),
        ("cut", vec![format!("DELETE FROM audit_log WHERE id IN {}", after(6))]),
        (
            "cut with its seals",
            vec![
                format!("DELETE FROM audit_log WHERE id IN {}", after(6)),
                "DELETE FROM audit_seals WHERE seq > 6".to_owned(),
            ],
        ),
        (
            "cut between two heads",
            vec![
                format!("DELETE FROM audit_log WHERE id IN {}", after(7)),
                "DELETE FROM audit_seals WHERE seq > 7".to_owned(),
                "DELETE FROM audit_heads WHERE seq > 7".to_owned(),
            ],
        ),
    ];
    for (what, statements) in tampering {
        let (app, _) = log().await;
        disarm(&app).await;
        for sql in statements {
            app.execute(&sql.replace("{id}", &id(&app))).await;
        }
        let problems = problems(&app, &[]).await;
        assert!(!problems.is_empty(), "{what} is not found");
        app.stop().await;
    }
}

fn after(seq: i64) -> String {
    format!("(SELECT audit_id FROM audit_seals WHERE seq > {seq})")
}

/// Cut off at a head that we signed, the chain is whole; that it was longer is known elsewhere.
#[tokio::test]
async fn a_tail_cut_off_at_a_signed_head_is_told_by_a_head_that_was_noted() {
    let (app, head) = log().await;
    let txn = app.store.db.begin().await.unwrap();
    let now = app.store.clock.now();
    let verify = |tick: &str| NewJob::of(&VerifyAudit { tick: tick.to_owned() }, now);
    queue::insert(&txn, vec![verify("before")], now).await.unwrap();
    txn.commit().await.unwrap();
    app.run_jobs().await;
    assert_eq!(app.context.audit_seen.head(), Some(head));
    disarm(&app).await;
    app.execute(&format!("DELETE FROM audit_log WHERE id IN {}", after(6))).await;
    app.execute("DELETE FROM audit_seals WHERE seq > 6").await;
    app.execute("DELETE FROM audit_heads WHERE seq > 6").await;

    assert_eq!(problems(&app, &[]).await, Vec::<String>::new());
    assert_eq!(problems(&app, &[head]).await, ["line 9 was sealed once and is cut off now"]);
    // Our own process saw it too, and says so at the next look, though the log grew again.
    write(&app, 4).await;
    let txn = app.store.db.begin().await.unwrap();
    queue::insert(&txn, vec![verify("after")], now).await.unwrap();
    txn.commit().await.unwrap();
    app.run_jobs().await;
    assert_eq!(app.count("jobs WHERE name = 'alert' AND dedup_key = 'audit-chain:after'").await, 1);
    let told = "the chain up to 9 is not the one that was noted";
    assert_eq!(problems(&app, &[head]).await, [told]);
    app.stop().await;
}

/// To go on from a head that somebody made would be to sign it.
#[tokio::test]
async fn nothing_is_sealed_after_a_head_that_is_not_ours() {
    let (app, _) = log().await;
    disarm(&app).await;
    app.execute("UPDATE audit_heads SET mac = 'x' WHERE seq = 9").await;
    write(&app, 1).await;
    assert!(matches!(audit::seal(&app.store).await, Err(payments::Error::Inconsistent(_))));
    assert_eq!(app.count("audit_seals").await, 9);
    app.stop().await;
}

/// Those who write wait for nobody, and those who seal at once do not fork the chain.
#[tokio::test]
async fn many_writers_and_sealers_at_once_make_one_chain() {
    let app = TestApp::without_workers().await;
    let writers = join_all((0..12).map(|_| write(&app, 250)));
    let sealers = join_all((0..4).map(async |_| {
        for _ in 0..5 {
            // One that comes second fails, and leaves nothing behind.
            let _ = audit::seal(&app.store).await;
            tokio::task::yield_now().await;
        }
    }));
    tokio::join!(writers, sealers);
    audit::seal(&app.store).await.unwrap();
    let report = audit::verify(&app.store, &[]).await.unwrap();
    assert_eq!((report.lines, report.open, report.problems), (3_000, 0, Vec::new()));
    assert_eq!(report.head.unwrap().seq, 3_000);
    app.stop().await;
}
