//! Processes as they are when they have run for a while.

use crate::{
    bench::{Stage, flood, requests},
    load::{self, Pace},
    process::Process,
};

/// Connections that deliver.
pub(super) const CONNECTIONS: usize = 64;

/// Payments before the tables are analysed: pools are filled, and the statistics have seen each table.
const BEFORE: usize = 500;

/// Payments after it, few at a time: whoever analyses tables makes every connection plan every
/// statement on them again, six times until a plan is kept.
const AFTER: usize = 1_500;

/// Payments in a second, of the latter.
const PACE: f64 = 500.0;

/// Payments that [`warm`] needs, the first of a run.
pub(super) const WARM_UP: usize = BEFORE + AFTER;

/// Delivers the first [`WARM_UP`] events of `run`, and has the tables analysed on the way, as autovacuum
/// does within minutes.
pub(super) async fn warm(stage: &Stage, run: &str, ingress: &Process) -> anyhow::Result<()> {
    flood(ingress.address, requests(run, 0..BEFORE), CONNECTIONS).await?;
    stage.drained(BEFORE).await?;
    stage.tidied().await?;
    let load = requests(run, BEFORE..WARM_UP);
    load::send(ingress.address, load, CONNECTIONS, Pace::PerSecond(PACE)).await?;
    stage.drained(WARM_UP).await
}
