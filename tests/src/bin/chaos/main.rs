//! The long forms of the fault tests; `scripts/chaos` builds them and says how to use them.

mod sections;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use tests::chaos::{Document, Failure, Form, Kills, Plan, Section, crowd, files_for, outage, run};

/// Kills of each form, slow clients, and seconds without Redis of a run that is worth a report.
const KILLS: u64 = 1_000;
const CLIENTS: u64 = 10_000;
const SECONDS: u64 = 60;

/// What the machine lacks something for.
const LACKING: u8 = 2;

/// Makes processes, clients and servers fail under load, and checks that nothing acknowledged is
/// lost, nothing doubled, and nobody else harmed.
#[derive(Debug, Parser)]
struct Options {
    /// What to run; may be given several times, and is everything if left out
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<What>,
    /// Processes to kill in each form
    #[arg(long, default_value_t = KILLS, value_parser = clap::value_parser!(u64).range(1..))]
    kills: u64,
    /// What events and kills follow from; another one each time if left out
    #[arg(long, value_parser = seed)]
    seed: Option<u64>,
    /// Events in a second between kills
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..10_000))]
    rate: u32,
    /// Among what to kill
    #[arg(long, value_enum, default_value_t = Which::Both)]
    form: Which,
    /// Slow clients
    #[arg(long, default_value_t = CLIENTS, value_parser = clap::value_parser!(u64).range(4..50_000))]
    clients: u64,
    /// Seconds without Redis
    #[arg(long, default_value_t = SECONDS, value_parser = clap::value_parser!(u64).range(5..3_600))]
    seconds: u64,
    /// What build the program under test is, for the document
    #[arg(long, default_value = if cfg!(debug_assertions) { "debug" } else { "release" })]
    build: String,
    /// The document to put what happened into; what was not run stays in it as it is
    #[arg(long)]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// SIGKILL under load
    Kills,
    /// Slow clients beside an honest one
    Slow,
    /// Redis refused, and Redis a black hole
    Outage,
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

/// Why there is no new section.
enum Failed {
    /// Something does not hold, and was said.
    Wrong,
    /// The machine lacks something.
    Lacking(String),
}

impl Options {
    fn runs(&self, what: What) -> bool {
        self.only.is_empty() || self.only.contains(&what)
    }

    /// Whether a run of `what` is worth a place in the document.
    fn is_whole(&self, what: What) -> bool {
        match what {
            What::Kills => self.seed.is_none() && self.kills >= KILLS && self.form == Which::Both,
            What::Slow => self.clients >= CLIENTS,
            What::Outage => self.seconds >= SECONDS,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let mut code = ExitCode::SUCCESS;
    // The shortest first.
    for what in [What::Slow, What::Outage, What::Kills] {
        if !options.runs(what) {
            continue;
        }
        let (section, came) = match what {
            What::Kills => (Section::Kills, kills(&options).await),
            What::Slow => (Section::Slow, slow(&options).await),
            What::Outage => (Section::Outage, outages(&options).await),
        };
        match came {
            Ok(text) if options.is_whole(what) => code = write(&options, section, &text, code),
            Ok(_) => {}
            Err(Failed::Wrong) => code = ExitCode::FAILURE,
            Err(Failed::Lacking(what)) => {
                eprintln!("{what}");
                return ExitCode::from(LACKING);
            }
        }
    }
    code
}

async fn kills(options: &Options) -> Result<String, Failed> {
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
        let report = run(Plan { seed, form, kills, rate: options.rate, leases_end: false }).await;
        eprintln!("{report}\n");
        reports.push(report);
    }
    let held = reports.iter().all(|report| report.wrong.is_empty());
    if held {
        Ok(sections::kills(&reports, options.rate, &options.build))
    } else {
        Err(Failed::Wrong)
    }
}

async fn slow(options: &Options) -> Result<String, Failed> {
    let clients = usize::try_from(options.clients).unwrap_or(usize::MAX);
    files_for(clients).map_err(Failed::Lacking)?;
    let crowded = crowd(clients).await;
    if !crowded.wrong.is_empty() && options.build == "debug" {
        eprintln!("a debug build takes several times the CPU; try scripts/chaos --release");
    }
    held(sections::slow(&crowded, &options.build), &crowded.wrong)
}

async fn outages(options: &Options) -> Result<String, Failed> {
    let (mut outages, mut wrong) = (Vec::new(), Vec::new());
    for failure in [Failure::Down, Failure::BlackHole] {
        let outage = outage(failure, Duration::from_secs(options.seconds)).await;
        wrong.extend(outage.wrong.clone());
        outages.push(outage);
    }
    held(sections::outages(&outages, &options.build), &wrong)
}

/// Says what happened, and what was wrong of it.
fn held(section: String, wrong: &[String]) -> Result<String, Failed> {
    eprintln!("{section}");
    if wrong.is_empty() {
        return Ok(section);
    }
    eprintln!("{} things are wrong:", wrong.len());
    for wrong in wrong {
        eprintln!("  {wrong}");
    }
    Err(Failed::Wrong)
}

/// Puts `text` in its place, and says so; how the program ends then.
fn write(options: &Options, section: Section, text: &str, code: ExitCode) -> ExitCode {
    let Some(path) = &options.report else { return code };
    let mut document = Document::read(&std::fs::read_to_string(path).unwrap_or_default());
    document.put(section, text);
    if let Err(error) = std::fs::write(path, document.to_string()) {
        eprintln!("{} cannot be written: {error}", path.display());
        return ExitCode::FAILURE;
    }
    eprintln!("written to {}", path.display());
    code
}

/// A seed as reports print it, or in decimal.
fn seed(text: &str) -> Result<u64, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16),
        None => text.parse(),
    }
}
