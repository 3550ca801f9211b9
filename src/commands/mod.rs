//! What each command does.

mod controls;
mod doctor;
mod events;
mod healthcheck;
mod jobs;
mod migrate;
mod reconcile;
mod replay;
mod start;
mod token;
mod verify_audit;
mod verify_ledger;

use std::{io::Write, process::ExitCode};

use boot::{Clock, Config};
use payments::Store;

use crate::{
    cli::{Cli, Command},
    parts,
    serve::Role,
};

/// Does what was typed.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let config = cli.settings.resolve()?;
    match cli.command {
        None => start::start(&config, Role::Both).await,
        Some(Command::Ingress) => start::start(&config, Role::Ingress).await,
        Some(Command::Worker) => start::start(&config, Role::Worker).await,
        Some(Command::Migrate { action }) => migrate::run(&config, action).await,
        Some(Command::Doctor) => doctor::run(&config).await,
        Some(Command::Reconcile(options)) => reconcile::run(&config, &options).await,
        Some(Command::Replay { id, apply }) => replay::run(&config, &id, apply).await,
        Some(Command::Jobs { action }) => jobs::run(&config, action).await,
        Some(Command::Events(options)) => events::run(&config, &options).await,
        Some(Command::Token(options)) => token::run(&config, options),
        Some(Command::VerifyLedger) => verify_ledger::run(&config).await,
        Some(Command::VerifyAudit { heads }) => verify_audit::run(&config, &heads).await,
        Some(Command::Pause { scope, reason }) => controls::pause(&config, &scope, &reason).await,
        Some(Command::Resume { scope }) => controls::resume(&config, &scope).await,
        Some(Command::Healthcheck) => healthcheck::run(&config).await,
    }
}

/// The store, for commands that look or change something and end.
async fn store(config: &Config) -> anyhow::Result<Store> {
    Ok(parts::Parts::open(config, Clock::System).await?.store)
}

/// Writes a line to standard output; a reader that went away is not our trouble.
fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
