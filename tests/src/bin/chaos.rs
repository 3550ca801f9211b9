//! The long form of the fault tests; `scripts/chaos` builds it and says how to use it.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use boot::Clock;
use clap::{Parser, ValueEnum};
use tests::chaos::{Form, Kills, Plan, Report, run};
use time::OffsetDateTime;

/// Kills processes under load, and checks that nothing acknowledged is lost and nothing doubled.
#[derive(Debug, Parser)]
struct Options {
    /// Processes to kill in each form
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    kills: u64,
    /// What events and faults follow from; another one each time if left out
    #[arg(long, value_parser = seed)]
    seed: Option<u64>,
    /// Events in a second
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..10_000))]
    rate: u32,
    /// What to run
    #[arg(long, value_enum, default_value_t = Which::Both)]
    form: Which,
    /// Where to write what happened
    #[arg(long)]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// PostgreSQL and Redis, two ingresses, two workers
    Servers,
    /// One process over SQLite
    Embedded,
    /// One after the other
    Both,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(rand::random);
    let mut reports = Vec::new();
    for (form, runs) in [
        (Form::Servers, options.form != Which::Embedded),
        (Form::Embedded, options.form != Which::Servers),
    ] {
        if !runs {
            continue;
        }
        let kills = Kills::of(usize::try_from(options.kills).unwrap_or(usize::MAX), form);
        let report = run(Plan { seed, form, kills, rate: options.rate }).await;
        eprintln!("{report}\n");
        reports.push(report);
    }
    let held = reports.iter().all(|report| report.wrong.is_empty());
    if let (Some(path), true) = (&options.report, held) {
        if let Err(error) = std::fs::write(path, document(&reports, &options)) {
            eprintln!("{} cannot be written: {error}", path.display());
            return ExitCode::FAILURE;
        }
        eprintln!("written to {}", path.display());
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A seed as reports print it, or in decimal.
fn seed(text: &str) -> Result<u64, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16),
        None => text.parse(),
    }
}

fn document(reports: &[Report], options: &Options) -> String {
    let mut text = String::from(PREFACE);
    let seconds = Clock::System.now().seconds();
    let day = OffsetDateTime::from_unix_timestamp(seconds).map(|now| now.date().to_string());
    let _ = writeln!(
        text,
        "Run on {}: {}, {} events in a second, {} build.\n",
        day.unwrap_or_default(),
        machine(),
        options.rate,
        if cfg!(debug_assertions) { "debug" } else { "release" },
    );
    for report in reports {
        let _ = writeln!(text, "## {}\n\n| what | count |\n|---|---|", report.form);
        for (what, count) in rows(report) {
            let _ = writeln!(text, "| {what} | {count} |");
        }
        let _ = writeln!(text, "\nSeed `{:#x}`.\n", report.seed);
    }
    text
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

const PREFACE: &str = "\
# Reliability

Written by `scripts/chaos`, which anyone can run again; it writes nothing if something does not hold.

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
