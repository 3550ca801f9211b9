//! Real processes: the program itself, and Redis and PostgreSQL of a test's own, to be stopped,
//! paused and killed. None of them outlives its owner.
//!
//! The program is the one that `cargo build --workspace` made, beside the test's own executable;
//! `QUITTANCE_BIN` names another.

mod outside;
mod port;
mod postgres;
mod program;
mod redis_server;
mod running;
mod stage;
mod trust;

pub use outside::OutsideStripe;
pub use port::free_port;
pub use postgres::Postgres;
pub use program::{Program, Role};
pub use redis_server::RedisServer;
pub use running::Running;
pub use rustix::process::Signal;
pub use stage::{JWT_SECRET, MASTER_KEY, Stage, binary, count, mails};
pub use trust::http;

use std::time::{Duration, Instant};

/// Longest time a program may take to start or to settle before a test gives up: long, because
/// the machine may be busy with other tests.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What takes longer than this is looked at less often: many tests look at the same time.
const LOOKS_OFTEN: Duration = Duration::from_secs(1);

/// Waits until `condition` holds, at most `patience`; says whether it does.
pub async fn within(patience: Duration, mut condition: impl AsyncFnMut() -> bool) -> bool {
    let begun = Instant::now();
    let waited = tokio::time::timeout(patience, async {
        while !condition().await {
            let soon = begun.elapsed() < LOOKS_OFTEN;
            tokio::time::sleep(Duration::from_millis(if soon { 20 } else { 100 })).await;
        }
    });
    waited.await.is_ok()
}
