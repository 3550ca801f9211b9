//! What a payer waits for in the browser: the checkout page.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::{bench::Bench, figures::Target, process::Program, report};

/// Measures cold visits of the checkout page in Chromium, one after the other, against a single
/// process with its sandbox: the provider's form is the sandbox's, which is as near as can be.
pub(crate) async fn ready(bench: &mut Bench) -> anyhow::Result<()> {
    let Some(script) = bench.run.browser.as_deref() else {
        report::say(
            "skipped: Chromium or its driver is missing; scripts/browser --install gets both",
        );
        return Ok(());
    };
    let directory = TempDir::new()?;
    let program = Program::sandbox(&bench.run.quittance, directory.path());
    let process = program.serve(&[]).await?;
    let mut visits = Command::new("node");
    visits.arg(script).arg(bench.size(100, 30).to_string()).stdin(Stdio::null());
    visits.env("QUITTANCE_URL", format!("http://{}", process.address));
    let output = visits.output().context("node could not be started")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} failed:\n{complaint}", script.display());
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let figure = |name: &str| said[name].as_f64().with_context(|| format!("no {name} in {said}"));
    let note = format!(
        "p50 {:.0} ms, most {:.0} ms, of {} cold visits; the load on the same cores",
        figure("p50")?,
        figure("most")?,
        figure("count")?
    );
    let target = Target::AtMost(500.0);
    bench.figures.add("checkout page ready: p95", figure("p95")?, "ms", target, note);
    Ok(())
}
