//! From the request to credits and receipt, exact at the end.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::Instant;

use super::warm::{CONNECTIONS, WARM_UP, warm};
use crate::{
    bench::{Bench, Stage, Where, flood, requests},
    cpu::{self, Trees, Used},
    figures::Target,
    process::Process,
    seed,
};

/// What the design allows, in CPU of the bare server.
const MULTIPLE: f64 = 10.0;

/// What a run came to.
pub(super) struct Outcome {
    pub(super) used: Used,
    elapsed: Duration,
    delivered: Duration,
}

/// Measures ingress and worker on PostgreSQL and Redis.
pub(crate) async fn postgres(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(20_000, 5_000);
    let stage = bench.stage("e2e", Where::Postgres, WARM_UP + count).await?;
    let ingress = stage.program.serve(&["ingress"]).await?;
    let worker = stage.program.work(&["worker"]).await?;
    let trees = bench.servers().with("ingress", ingress.id()).with("worker", worker.id());
    let outcome = deliver(&stage, "e2e", &ingress, &trees, count, 0).await?;
    report(bench, "end to end, PostgreSQL", &outcome, count, Target::AtMost(MULTIPLE));
    for (name, process) in [("ingress", &ingress), ("worker", &worker)] {
        let memory = cpu::resident(process.id())?;
        let what = format!("resident memory of {name} after it");
        bench.figures.add(what, memory, "MB", Target::AtMost(60.0), "");
    }
    Ok(())
}

/// Measures the single process on a file, `synchronous=FULL`.
pub(crate) async fn sqlite(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(20_000, 5_000);
    let stage = bench.stage("sqlite", Where::Sqlite, WARM_UP + count).await?;
    let process = stage.program.serve(&[]).await?;
    let trees = Trees::default().with("quittance", process.id());
    let outcome = deliver(&stage, "sqlite", &process, &trees, count, 0).await?;
    report(bench, "end to end, SQLite", &outcome, count, Target::None);
    let rate = count as f64 / outcome.elapsed.as_secs_f64();
    let target = Target::AtLeast(1_500.0);
    bench.figures.add("end to end, SQLite: all done, receipts too", rate, "/s", target, "");
    let memory = cpu::resident(process.id())?;
    bench.figures.add("resident memory of quittance after it", memory, "MB", Target::None, "");
    Ok(())
}

/// Delivers the events of `count` payments and a tenth of them again, waits until all is done, and
/// compares; `past` events were there before, with their rows.
pub(super) async fn deliver(
    stage: &Stage,
    run: &str,
    ingress: &Process,
    trees: &Trees,
    count: usize,
    past: usize,
) -> anyhow::Result<Outcome> {
    warm(stage, run, ingress).await?;
    let load = requests(run, with_duplicates(count).into_iter().map(|number| number + WARM_UP));
    let before = trees.used()?;
    let started = Instant::now();
    flood(ingress.address, load, CONNECTIONS).await?;
    let delivered = started.elapsed();
    stage.drained(WARM_UP + count).await?;
    let outcome =
        Outcome { used: trees.used()?.since(&before), elapsed: started.elapsed(), delivered };
    exact(stage, WARM_UP + count, past).await?;
    Ok(outcome)
}

fn report(bench: &mut Bench, name: &str, outcome: &Outcome, count: usize, target: Target) {
    let each = outcome.used.total() * 1_000.0 / count as f64;
    let limit = match target {
        Target::AtMost(multiple) => Target::AtMost(multiple * bench.bare),
        other => other,
    };
    let shares = outcome.used.per_thousand(count);
    bench.figures.add(format!("{name}: CPU per 1,000"), each, "s", limit, shares);
    let multiple = each / bench.bare;
    bench.figures.add(format!("{name}: times the bare server"), multiple, "×", target, "");
    let rate = count as f64 / outcome.elapsed.as_secs_f64();
    let delivered = count as f64 / outcome.delivered.as_secs_f64();
    let note = format!("distinct ones, receipts mailed, exact; taken in at {delivered:.0}/s");
    bench.figures.add(format!("{name}: events"), rate, "/s", Target::None, note);
}

/// `0..count`, every tenth again a little later.
fn with_duplicates(count: usize) -> Vec<usize> {
    let mut numbers: Vec<(usize, usize)> = (0..count).map(|number| (number, number)).collect();
    // Some at once, some after hundreds of others: 7919 is a prime that scatters.
    numbers.extend((0..count).step_by(10).map(|number| (number + number * 7_919 % 500, number)));
    numbers.sort_unstable();
    numbers.into_iter().map(|(_, number)| number).collect()
}

/// Fails unless each of `count` payments was granted once and acknowledged once, and nothing else
/// was done.
async fn exact(stage: &Stage, count: usize, past: usize) -> anyhow::Result<()> {
    let expected = i64::try_from(count + past)?;
    for what in [
        "provider_events WHERE state = 'applied'",
        "provider_events",
        "payments WHERE status = 'succeeded'",
        "ledger_transfers",
        "credit_lots",
        "mails WHERE state = 'sent'",
        "jobs WHERE name = 'apply-event' AND state = 'done'",
        "jobs WHERE name = 'send-receipt' AND state = 'done'",
    ] {
        let found = seed::number(&stage.db, &format!("SELECT COUNT(*) FROM {what}")).await?;
        ensure!(found == expected, "{found} rows in {what}, should be {expected}");
    }
    ensure!(stage.mail.accepted() == (count, count), "mails: {:?}", stage.mail.accepted());
    if past == 0 {
        stage.program.call(&["verify-ledger"])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_comes_twice() {
        let numbers = with_duplicates(1_000);
        assert_eq!(numbers.len(), 1_100);
        let distinct: std::collections::BTreeSet<_> = numbers.iter().collect();
        assert_eq!(distinct.len(), 1_000);
    }
}
