//! The command line of Quittance.

use std::process::ExitCode;

use clap::Parser;
use quittance::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = boot::telemetry::init(&cli.log) {
        eprintln_line(&format!("RUST_LOG cannot be read: {error}"));
        return ExitCode::from(2);
    }
    boot::faults::arm();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln_line(&format!("the runtime could not be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(quittance::commands::run(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln_line(&format!("quittance: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn eprintln_line(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
