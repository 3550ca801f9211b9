use std::process::ExitCode;

use boot::Config;
use payments::ledger;

use super::{say, store};

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let discrepancies = ledger::verify(&store(config).await?).await?;
    for discrepancy in &discrepancies {
        say(discrepancy);
    }
    if discrepancies.is_empty() {
        say("the ledger balances");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
