//! What it takes to be there.

use std::time::Duration;

use crate::{
    bench::{Bench, Where},
    cpu,
    figures::Target,
};

/// By then everything that starts has started.
const SETTLED: Duration = Duration::from_secs(5);

/// Measures the single process with nothing to do.
pub(crate) async fn idle(bench: &mut Bench) -> anyhow::Result<()> {
    let stage = bench.stage("idle", Where::Sqlite, 0).await?;
    let process = stage.program.serve(&[]).await?;
    tokio::time::sleep(SETTLED).await;
    let memory = cpu::resident(process.id())?;
    bench.figures.add("resident memory, idle", memory, "MB", Target::AtMost(40.0), "one process");
    Ok(())
}
