//! From the request to the commit; nobody works on what was taken in.

use crate::{
    bench::{Bench, Where, flood, requests},
    cpu::Trees,
    figures::Target,
    load::{self, Pace},
    process::Process,
};

/// What the design allows, in CPU of the bare server.
const MULTIPLE: f64 = 4.0;

/// Requests before the measurement: pools are filled, statements prepared.
const WARM_UP: usize = 1_000;

/// Measures the bare server; its CPU for a thousand requests is the unit.
pub(crate) async fn bare(bench: &mut Bench) -> anyhow::Result<f64> {
    let count = bench.size(60_000, 20_000);
    let mut unit = 0.0;
    for connections in [256, 64] {
        let server = Process::bare().await?;
        flood(server.address, requests("bare", 0..WARM_UP), connections).await?;
        let trees = Trees::default().with("bare", server.id());
        let before = trees.used()?;
        let answers = flood(server.address, requests("bare", 0..count), connections).await?;
        unit = trees.used()?.since(&before).total() * 1_000.0 / count as f64;
        let note = format!(
            "{:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
            answers.rate(),
            answers.percentile(0.5),
            answers.percentile(0.99)
        );
        let what = format!("bare server, {connections} connections: CPU per 1,000");
        bench.figures.add(what, unit, "s", Target::None, note);
    }
    Ok(unit)
}

/// Measures ingest on PostgreSQL, with tickets going to Redis.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    for connections in [64, 256] {
        flooded(bench, connections).await?;
    }
    paced(bench, bench.size(30_000, 9_000)).await
}

async fn flooded(bench: &mut Bench, connections: usize) -> anyhow::Result<()> {
    let count = bench.size(40_000, 15_000);
    let stage = bench.stage("ingest", Where::Postgres, 0).await?;
    let ingress = stage.program.serve(&["ingress"]).await?;
    flood(ingress.address, requests("warm", 0..WARM_UP), connections).await?;
    let trees = bench.servers().with("ingress", ingress.id());
    let load = requests("load", 0..count);
    let before = trees.used()?;
    let answers = flood(ingress.address, load, connections).await?;
    let used = trees.used()?.since(&before);
    let each = used.total() * 1_000.0 / count as f64;
    let name = format!("ingest, {connections} connections");
    let limit = Target::AtMost(MULTIPLE * bench.bare);
    bench.figures.add(format!("{name}: CPU per 1,000"), each, "s", limit, used.per_thousand(count));
    let multiple = each / bench.bare;
    bench.figures.add(
        format!("{name}: times the bare server"),
        multiple,
        "×",
        Target::AtMost(MULTIPLE),
        "",
    );
    let note = format!(
        "p50 {:.1} ms, p99 {:.1} ms, the load on the same cores",
        answers.percentile(0.5),
        answers.percentile(0.99)
    );
    bench.figures.add(format!("{name}: events"), answers.rate(), "/s", Target::None, note);
    Ok(())
}

async fn paced(bench: &mut Bench, count: usize) -> anyhow::Result<()> {
    let stage = bench.stage("paced", Where::Postgres, 0).await?;
    let ingress = stage.program.serve(&["ingress"]).await?;
    flood(ingress.address, requests("warm", 0..WARM_UP), 64).await?;
    let load = requests("load", 0..count);
    let answers = load::send(ingress.address, load, 64, Pace::PerSecond(3_000.0)).await?;
    let note = format!("p50 {:.1} ms, open loop", answers.percentile(0.5));
    let p99 = answers.percentile(0.99);
    bench.figures.add("ingest at 3,000/s: p99", p99, "ms", Target::AtMost(50.0), note);
    Ok(())
}
