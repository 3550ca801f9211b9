//! Time that a test does not wait for: what would be over later is over at once.

use payments::Store;
use sea_orm::ConnectionTrait;

use crate::process::Program;

/// As if the leases of workers that died had run out.
pub async fn leases_run_out(store: &Store) {
    let past = "UPDATE jobs SET lease_until = 0 WHERE state = 'running'; DELETE FROM leases";
    store.db.writer().execute_unprepared(past).await.unwrap();
}

/// As if the leases of all workers but `living` had run out: nobody else may be at work.
pub async fn leases_of_the_dead_run_out<'a>(
    store: &Store,
    living: impl IntoIterator<Item = &'a Program>,
) {
    let names = living.into_iter().map(|program| format!("'{}'", program.worker()));
    let living = names.collect::<Vec<_>>().join(", ");
    let past = format!(
        "UPDATE jobs SET lease_until = 0 WHERE state = 'running' AND worker NOT IN ({living}); \
         DELETE FROM leases WHERE holder NOT IN ({living})"
    );
    store.db.writer().execute_unprepared(&past).await.unwrap();
}

/// As if the pauses of jobs that failed were over.
pub async fn pauses_end(store: &Store) {
    let past = "UPDATE jobs SET run_at = 0 WHERE state = 'queued' AND attempts > 0";
    store.db.writer().execute_unprepared(past).await.unwrap();
}
