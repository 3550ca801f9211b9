//! Whether an event gets dearer as the tables fill.

use super::{end_to_end::deliver, warm::WARM_UP};
use crate::{
    bench::{Bench, Where},
    figures::Target,
    report, seed,
};

/// By how much it may get dearer.
const DEARER: f64 = 1.15;

/// Measures the same load on nearly empty tables and on full ones.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(10_000, 4_000);
    // Each event of the past has two jobs, five ledger entries, and one row in every other table.
    let few = cost(bench, "few", count, 5_000).await?;
    let past = bench.size(1_000_000, 100_000);
    let many = cost(bench, "many", count, past).await?;
    let what = format!("CPU per event with {} rows of jobs, as a multiple of 10,000", past * 2);
    let note =
        format!("{few:.3} and {many:.3} s per 1,000; {past} events, {} ledger entries", past * 5);
    bench.figures.add(what, many / few, "×", Target::AtMost(DEARER), note);
    Ok(())
}

async fn cost(bench: &Bench, run: &str, count: usize, past: usize) -> anyhow::Result<f64> {
    let stage = bench.stage(run, Where::Postgres, WARM_UP + count).await?;
    report::say(&format!("writing a history of {past} events"));
    seed::history(&stage.db, past).await?;
    let ingress = stage.program.serve(&["ingress"]).await?;
    let worker = stage.program.work(&["worker"]).await?;
    let trees = bench.servers().with("ingress", ingress.id()).with("worker", worker.id());
    let used = deliver(&stage, run, &ingress, &trees, count, past).await?.used;
    Ok(used.total() * 1_000.0 / count as f64)
}
