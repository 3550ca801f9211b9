use std::process::ExitCode;

use anyhow::Context as _;
use boot::{Clock, Config};
use entities::EventId;
use ingress::{DryRun, Replayer};

use super::say;
use crate::Parts;

/// Shows what event `id` would change, or has it applied again.
pub(super) async fn run(config: &Config, id: &str, apply: bool) -> anyhow::Result<ExitCode> {
    let id: EventId = id.parse().context("quittance events --json lists the ids of events")?;
    let parts = Parts::open(config, Clock::System).await?;
    let Parts { store, gateways, policies, dispatcher, .. } = &parts;
    let replayer = Replayer::new(store, gateways, policies, dispatcher);
    if apply {
        replayer.replay(id, "operator").await?;
        say("queued: a worker takes it within seconds");
        return Ok(ExitCode::SUCCESS);
    }
    match replayer.dry_run(id).await? {
        DryRun::Changes(preview) => {
            say(preview.sentence());
            for leg in &preview.entries {
                say(format_args!(
                    "  ledger  {:10} {} {:+} {}",
                    leg.transfer, leg.account, leg.amount, leg.asset
                ));
            }
            for job in &preview.jobs {
                say(format_args!("  job     {job}"));
            }
        }
        DryRun::Asks(what) => say(format_args!("the provider would be asked for {what}")),
        DryRun::Irrelevant => say("it says nothing that concerns us"),
        DryRun::Unreadable(why) => say(format_args!("it can never be applied: {why}")),
    }
    say("nothing was written; add --apply to have it applied again");
    Ok(ExitCode::SUCCESS)
}
