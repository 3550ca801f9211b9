use std::process::ExitCode;

use boot::{Clock, Config};
use jobs::{NewJob, Reconcile, queue};

use super::say;
use crate::Parts;

/// Asks as the schedule does, and runs the job at once.
pub(super) async fn run(config: &Config, hours: u64) -> anyhow::Result<ExitCode> {
    let parts = Parts::open(config, Clock::System).await?;
    let now = parts.store.clock.now();
    let job = |provider| {
        let tick = format!("operator:{}", now.micros());
        NewJob::of(&Reconcile { provider, window_seconds: hours * 3_600, tick }, now)
    };
    let asked = parts.gateways.iter().map(|gateway| job(gateway.provider())).collect();
    let txn = parts.store.db.begin().await?;
    let enqueued = queue::insert(&txn, asked, now).await?;
    txn.commit().await?;
    parts.dispatcher.announce(enqueued.clone());
    for job in enqueued {
        say(format_args!("asked: {} (see: quittance jobs list --id {})", job.id, job.id));
    }
    if !matches!(parts.source, worker::Source::Redis(_)) {
        say("a worker takes it within seconds");
    }
    Ok(ExitCode::SUCCESS)
}
