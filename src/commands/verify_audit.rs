use std::process::ExitCode;

use boot::Config;
use payments::audit::{self, Anchor};

use super::{say, store};

/// Seals what is open, so that everything is judged, and recomputes the chain.
pub(super) async fn run(config: &Config, anchors: &[Anchor]) -> anyhow::Result<ExitCode> {
    let store = store(config).await?;
    match audit::seal(&store).await {
        // Said below, with everything else.
        Ok(_) | Err(payments::Error::Inconsistent(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let report = audit::verify(&store, anchors).await?;
    for problem in &report.problems {
        say(problem);
    }
    if !report.problems.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    say(format_args!("the audit log is whole: {} lines", report.lines));
    if let Some(head) = report.head {
        say(format_args!("head: {head}"));
    }
    Ok(ExitCode::SUCCESS)
}
