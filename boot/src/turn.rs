//! Turns: work that is better done one after the other, as long as each piece is short.

use std::{pin::pin, time::Duration};

/// How long a turn may keep others waiting. Sooner, what they begin beside it would only make both
/// small, and small transactions cost nearly as much as large ones; later, a connection that went
/// silent would stop all.
const TURN: Duration = Duration::from_millis(25);

/// Does `work`, and drops `turn` when it has ended or taken 25 ms.
pub async fn hold<T, W: Future>(turn: T, work: W) -> W::Output {
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(TURN, work.as_mut()).await {
        return done;
    }
    drop(turn);
    work.await
}
