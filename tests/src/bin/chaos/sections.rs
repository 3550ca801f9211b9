//! Sections of `docs/reliability.md`: what each kind of run came to.

use std::fmt::Write as _;

use boot::Clock;
use tests::chaos::{Answered, Crowded, Outage, Report};
use time::OffsetDateTime;

/// What became of processes that were killed; `rate` is in events a second.
pub(crate) fn kills(reports: &[Report], rate: u32, build: &str) -> String {
    let mut text = String::from(KILLS);
    let _ = writeln!(text, "{}\n", run_on(&format!("{rate} events in a second, {build}")));
    for report in reports {
        let _ = writeln!(text, "## {}\n\n{}", report.form, table("count", &rows(report)));
        let _ = writeln!(text, "Seed `{:#x}`.\n", report.seed);
    }
    text
}

/// What became of a crowd of slow clients.
pub(crate) fn slow(crowded: &Crowded, build: &str) -> String {
    let answered = |answered: &Answered| format!("{:.1} ms", millis(answered.p99));
    let rows = [
        ("slow clients", crowded.clients.to_string()),
        ("connections they made", crowded.connections.to_string()),
        ("most of them connected at once", crowded.most.to_string()),
        ("times one was cut off", crowded.cut.to_string()),
        ("requests of the honest client meanwhile", crowded.during.asked.to_string()),
        ("**of them not answered 200**", format!("**{}**", crowded.during.errors.len())),
        ("its p99 before", answered(&crowded.before)),
        ("**its p99 beside them**", format!("**{}**", answered(&crowded.during))),
        ("its p99 after", answered(&crowded.after)),
        ("most memory of the program", format!("{} MB", crowded.memory / 1_024)),
    ];
    let rows = rows.map(|(what, count)| (what.to_owned(), count));
    format!("{SLOW}{}\n\n{}", run_on(build), table("result", &rows))
}

/// What became of times without Redis.
pub(crate) fn outages(outages: &[Outage], build: &str) -> String {
    let mut text = format!("{OUTAGE}{}\n", run_on(build));
    for outage in outages {
        let rows = [
            ("webhooks answered 2xx meanwhile", outage.meanwhile.to_string()),
            ("events worked off meanwhile", outage.applied.to_string()),
            ("webhooks in all", outage.webhooks.to_string()),
            ("**answered anything else, or not at all**", "**0**".to_owned()),
            ("p99 of the answer before", format!("{:.1} ms", millis(outage.before))),
            ("**p99 of the answer meanwhile**", format!("**{:.1} ms**", millis(outage.during))),
            (
                "**from Redis's return until nothing was left to do**",
                format!("**{:.1} s**", outage.drained.as_secs_f64()),
            ),
        ];
        let rows = rows.map(|(what, count)| (what.to_owned(), count));
        let (how, seconds) = (outage.failure, outage.lasted.as_secs());
        let _ = writeln!(text, "\n### {seconds} s, {how}\n\n{}", table("result", &rows));
    }
    text
}

fn millis(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn table(head: &str, rows: &[(String, String)]) -> String {
    let mut text = format!("| what | {head} |\n|---|---|\n");
    for (what, count) in rows {
        let _ = writeln!(text, "| {what} | {count} |");
    }
    text
}

/// When and where, and of which build.
fn run_on(how: &str) -> String {
    let seconds = Clock::System.now().seconds();
    let day = OffsetDateTime::from_unix_timestamp(seconds).map(|now| now.date().to_string());
    format!("Run on {}: {}, {how} build.", day.unwrap_or_default(), machine())
}

fn rows(report: &Report) -> Vec<(String, String)> {
    let mut rows = vec![("processes killed".to_owned(), report.killed().to_string())];
    for (what, count) in report.kills.iter().chain(&report.faults) {
        rows.push((format!("of them or besides: {what}"), count.to_string()));
    }
    let more = [
        ("events acknowledged", report.events),
        ("duplicates sent and acknowledged", report.duplicates),
        ("events sent twice at the same moment", report.at_once),
        ("events that came after a later one", report.reordered),
        ("requests answered 503", report.unavailable),
        ("requests that ended without an answer", report.unknown),
    ];
    rows.extend(more.map(|(what, count)| (what.to_owned(), count.to_string())));
    if let Some(deaths) = report.deaths_in_transaction {
        rows.push(("deaths inside a transaction".to_owned(), deaths.to_string()));
    }
    let quiet = format!("{:.1} s", report.quiet_after.as_secs_f64());
    rows.extend([
        ("runs of jobs begun again".to_owned(), report.begun_again.to_string()),
        ("from the last fault until nothing was left to do".to_owned(), quiet),
        ("**acknowledged events lost**".to_owned(), "**0**".to_owned()),
        ("**payments granted twice**".to_owned(), "**0**".to_owned()),
        ("**discrepancies in the ledger**".to_owned(), "**0**".to_owned()),
    ]);
    rows
}

/// Cores and memory; nothing that names the machine.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = memory.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok());
    format!("{cores} cores, {} GB of memory", kilobytes.unwrap_or(0) / 1_000_000)
}

const KILLS: &str = "\
Two ingresses and two workers over PostgreSQL and Redis (or one process over SQLite) work off \
signed events from a provider that delivers each until it is answered 2xx, sends some twice, some \
twice at once and some in the wrong order, and keeps a journal on disk of what was acknowledged. \
Meanwhile processes are ended by SIGKILL, a quarter of them just before or just after the database \
has done their COMMIT. Afterwards, once nothing is left to do, it is checked that:

- every acknowledged event is in the inbox and was applied;
- every payment that was paid has exactly one grant, and no other has any;
- the ledger balances, and every balance is the sum of its entries;
- every grant has one receipt, and the mailbox holds each mail once;
- no job is dead, no ticket is left in Redis, and the provider never saw an error but 503.

A run in which too little happened fails too. SIGKILL leaves what the kernel has buffered; what a \
power cut does is not shown by this.

";

const SLOW: &str = "\
## Slow clients

Clients that drip a byte of a head or of a body every half second, say nothing, or offer TLS to a \
server that speaks none, a quarter each, for 12 s, against one process with the limits it has \
unless told otherwise. Who is cut off comes back after half a second. Beside them an honest client \
asks every 10 ms, in turn on a connection that it keeps and on a new one.

";

const OUTAGE: &str = "\
## Redis away

An ingress and two workers over PostgreSQL and Redis, 150 events in a second; then Redis cannot be \
reached, and comes back. Afterwards the same is checked as after kills.

";
