//! Ends a process whose threads no longer come back, so that a supervisor starts a fresh one: jobs
//! of a process that is only half alive would wait for it for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::faults;

/// How often the runtime says that it lives, and how often it is looked at.
const BEAT: Duration = Duration::from_secs(1);

/// After how many looks without a sign of life the process is ended. Looks are counted and not
/// time, as a process that was stopped and continued is well.
const LOOKS: u32 = 20;

/// Watches the runtime that this is called in, to the end of the process.
pub fn start() {
    let beats = Arc::new(AtomicU64::new(0));
    let watched = Arc::clone(&beats);
    let beat = faults::hastened(BEAT);
    tokio::spawn(async move {
        loop {
            beats.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(beat).await;
        }
    });
    let watch = move || {
        let (mut last, mut silent) = (0, 0);
        while silent < LOOKS {
            thread::sleep(beat);
            let now = watched.load(Ordering::Relaxed);
            silent = if now == last { silent + 1 } else { 0 };
            last = now;
        }
        end("no thread of the runtime has come back for long");
    };
    if let Err(error) = thread::Builder::new().name("watchdog".to_owned()).spawn(watch) {
        tracing::warn!(%error, "nobody watches whether this process still works");
    }
}

/// Ends the process at once, and says why.
pub fn end(why: &str) -> ! {
    tracing::error!("{why}; the process ends, for its supervisor to start another");
    // Not `exit`, which would wait for what the threads that hang hold.
    std::process::abort()
}
