use std::process::ExitCode;

use boot::Config;
use entities::control::State;
use payments::controls;

use super::{say, store};

pub(super) async fn pause(config: &Config, scope: &str, reason: &str) -> anyhow::Result<ExitCode> {
    let store = store(config).await?;
    controls::set(&store, scope, State::Paused, reason, "operator", None).await?;
    say(format_args!("{scope} is paused; ingest goes on"));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn resume(config: &Config, scope: &str) -> anyhow::Result<ExitCode> {
    let store = store(config).await?;
    controls::set(&store, scope, State::Running, "resumed", "operator", None).await?;
    say(format_args!("{scope} works"));
    Ok(ExitCode::SUCCESS)
}
