//! Time that a test does not wait for: what would be over later is over at once.

use payments::Store;
use sea_orm::ConnectionTrait;

/// As if the leases of workers that died had run out.
pub async fn leases_run_out(store: &Store) {
    let past = "UPDATE jobs SET lease_until = 0 WHERE state = 'running'; DELETE FROM leases";
    store.db.writer().execute_unprepared(past).await.unwrap();
}

/// As if the pauses of jobs that failed were over.
pub async fn pauses_end(store: &Store) {
    let past = "UPDATE jobs SET run_at = 0 WHERE state = 'queued' AND attempts > 0";
    store.db.writer().execute_unprepared(past).await.unwrap();
}
