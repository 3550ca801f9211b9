//! Measures what an event costs, side by side with a server that does nothing but check signatures.
//!
//! **Invariants:** only what is measured counts: the load, the mail server and all checking are in
//! this process, whose CPU is in no figure. Everything else is: ingress, worker, PostgreSQL, Redis.
//! Nothing here knows how the program works inside; it is started, asked and read like any other.
//!
//! `scripts/bench` starts it, with servers of its own.

mod bare;
mod bench;
mod cpu;
mod events;
mod figures;
mod load;
mod process;
mod report;
mod scenarios;
mod seed;
mod stripe;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// What can be typed.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves webhooks and does nothing but check their signatures
    Bare {
        /// Where to listen
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Runs the measurements
    Run(Run),
}

/// What to measure.
#[derive(clap::Args, Clone, Debug)]
struct Run {
    /// Fewer events and fewer rows: minutes become seconds, and the figures coarser
    #[arg(long)]
    quick: bool,
    /// Only this one: ingest, end-to-end, sqlite, latency, shop, page, memory, growth; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// The page to write the figures into
    #[arg(long)]
    page: Option<PathBuf>,
    /// The program to measure
    #[arg(long, env = "QUITTANCE_BIN")]
    quittance: PathBuf,
    /// What visits the checkout page in a browser; without it, that is not measured
    #[arg(long, env = "BENCH_BROWSER")]
    browser: Option<PathBuf>,
    /// A PostgreSQL of our own
    #[arg(long, env = "TEST_DATABASE_URL")]
    postgres: String,
    /// The process id of its postmaster
    #[arg(long, env = "BENCH_POSTGRES_PID")]
    postgres_pid: u32,
    /// A Redis of our own; it is emptied
    #[arg(long, env = "TEST_REDIS_URL")]
    redis: String,
    /// Its process id
    #[arg(long, env = "BENCH_REDIS_PID")]
    redis_pid: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Bare { listen } => bare::serve(listen).await?,
        Command::Run(run) => scenarios::run(run).await?,
    }
    Ok(ExitCode::SUCCESS)
}
