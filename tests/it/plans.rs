//! How PostgreSQL finds the rows of a batch: by their keys, also while a table is small and a batch is
//! large.

use boot::sql::{Column, Rows, Type, col};
use entities::JobId;
use jobs::{Alert, Job, NewJob, queue};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use tests::TestApp;

const RUNS: &[Column] = &[col("id", Type::Uuid), col("attempts", Type::Int)];

/// Written as a claim and as the end of jobs are.
const STATEMENTS: [&str; 2] = [
    "UPDATE jobs SET state = 'queued' WHERE id IN (SELECT j.id FROM jobs j JOIN v ON v.id = j.id \
     WHERE j.lane = ?2 AND j.attempts = 0 AND COALESCE(j.state, '') = 'queued' AND j.run_at <= ?1 \
     ORDER BY j.id FOR UPDATE OF j SKIP LOCKED) RETURNING *",
    "UPDATE jobs SET finished_at = ?1 FROM v WHERE jobs.id = v.id AND jobs.attempts = v.attempts AND \
     COALESCE(jobs.state, '') = 'queued' AND jobs.lane = ?2",
];

#[tokio::test]
async fn the_rows_of_a_batch_are_found_by_their_keys() {
    let app = TestApp::without_workers().await;
    if app.store.db.backend() == DatabaseBackend::Postgres {
        let ids = fill(&app, 300).await;
        for body in STATEMENTS {
            let plan = plan(&app, body, &ids[..200]).await;
            assert!(plan.contains("Index Cond: (id = v.id)"), "{plan}");
            assert!(!plan.contains("Join Filter"), "each row is compared with each: {plan}");
        }
    }
    app.stop().await;
}

async fn fill(app: &TestApp, jobs: usize) -> Vec<JobId> {
    let now = app.store.clock.now();
    let job = |subject: usize| {
        let (kind, subject, detail) = ("test".to_owned(), subject.to_string(), String::new());
        NewJob::of(&Alert { kind, subject, detail }, now)
    };
    let txn = app.store.db.begin().await.unwrap();
    let jobs = queue::insert(&txn, (0..jobs).map(job).collect(), now).await.unwrap();
    txn.commit().await.unwrap();
    jobs.iter().map(|job| job.id).collect()
}

/// What PostgreSQL would do, knowing all values.
async fn plan(app: &TestApp, body: &str, ids: &[JobId]) -> String {
    let mut rows = Rows::new(RUNS);
    for id in ids {
        rows.push([id.uuid().into(), 0_i64.into()]);
    }
    let more = vec![app.store.clock.now().micros().into(), Alert::LANE.as_str().into()];
    let mut statement = rows.statement(DatabaseBackend::Postgres, body, more);
    statement.sql.insert_str(0, "EXPLAIN ");
    let lines = app.store.db.reader().query_all_raw(statement).await.unwrap();
    let lines = lines.iter().map(|line| line.try_get_by_index::<String>(0).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}
