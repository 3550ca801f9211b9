//! How long one has to wait, at a load well below the limit.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};

use super::warm::{CONNECTIONS, WARM_UP, warm};
use crate::{
    bench::{Bench, Stage, Where, requests},
    figures::Target,
    load::{self, Pace, percentile},
};

/// Measures both waits on PostgreSQL and Redis.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let seconds = bench.size(20, 8);

    let stage = paced(bench, "push", 500, seconds).await?;
    let waits = durations(&stage, PUSH_TO_START).await?;
    let note = format!(
        "p50 {:.1} ms; from the row's time to the end of its reading",
        percentile(&waits, 0.5)
    );
    let p99 = percentile(&waits, 0.99);
    bench.figures.add("push to start at 500/s: p99", p99, "ms", Target::AtMost(20.0), note);

    let stage = paced(bench, "credits", 1_000, seconds).await?;
    let waits = durations(&stage, WEBHOOK_TO_CREDITS).await?;
    let note = format!("p50 {:.1} ms; to the commit of the grant", percentile(&waits, 0.5));
    let p99 = percentile(&waits, 0.99);
    bench.figures.add("webhook to credits at 1,000/s: p99", p99, "ms", Target::AtMost(100.0), note);
    Ok(())
}

/// A job's `created_at` is taken before its commit, its `finished_at` when it was claimed and its
/// event read and understood, before the commit of what follows: both ends are the unfavourable one.
const PUSH_TO_START: &str = "SELECT finished_at - created_at AS took FROM jobs WHERE name = \
                             'apply-event' AND created_at >= $1 ORDER BY took";

/// `received_at` is taken when a delivery is proved, before it waits to be written. The server notes
/// when it committed (`track_commit_timestamp`); a transfer's row never changes, so its own commit it
/// is.
pub(super) const WEBHOOK_TO_CREDITS: &str = "SELECT (EXTRACT(EPOCH FROM pg_xact_commit_timestamp(t.xmin)) * \
                                  1000000)::bigint - e.received_at AS took FROM ledger_transfers t \
                                  JOIN payments p ON t.source_ref = 'txn_' || replace(p.id::text, \
                                  '-', '') JOIN provider_events e ON e.event_id = 'evt' || \
                                  substr(p.provider_reference, 3) WHERE e.received_at >= $1 ORDER \
                                  BY took";

/// Delivers `rate` events a second for so many `seconds`, to processes that are warm.
async fn paced(bench: &Bench, run: &str, rate: usize, seconds: usize) -> anyhow::Result<Measured> {
    let count = rate * seconds;
    let stage = bench.stage(run, Where::Postgres, WARM_UP + count).await?;
    let ingress = stage.program.serve(&["ingress"]).await?;
    let _worker = stage.program.work(&["worker"]).await?;
    warm(&stage, run, &ingress).await?;
    let since = boot::Clock::System.now().micros();
    let load = requests(run, WARM_UP..WARM_UP + count);
    let pace = Pace::PerSecond(f64::from(u32::try_from(rate)?));
    load::send(ingress.address, load, CONNECTIONS, pace).await?;
    stage.drained(WARM_UP + count).await?;
    Ok(Measured { stage, since })
}

/// A stage on which something happened, since when in microseconds.
pub(super) struct Measured {
    pub(super) stage: Stage,
    pub(super) since: i64,
}

/// The waits that `query` finds, in order.
pub(super) async fn durations(measured: &Measured, query: &str) -> anyhow::Result<Vec<Duration>> {
    let db = measured.stage.db.reader();
    let statement =
        Statement::from_sql_and_values(db.get_database_backend(), query, [measured.since.into()]);
    let rows = db.query_all_raw(statement).await?;
    anyhow::ensure!(!rows.is_empty(), "nothing was measured");
    let micros = rows.iter().map(|row| row.try_get::<i64>("", "took"));
    let micros: Result<Vec<i64>, _> = micros.collect();
    let duration = |micros: i64| Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    Ok(micros?.into_iter().map(duration).collect())
}
