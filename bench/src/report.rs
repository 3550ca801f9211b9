//! What is told, and what is written down.

use std::{fs, io::Write, path::Path};

use anyhow::Context as _;
use boot::Clock;

use crate::figures::Figures;

/// Between these two lines the page is ours; the rest of it people write.
const BEGIN: &str = "<!-- figures: written by scripts/bench -->";
const END: &str = "<!-- end of figures -->";

/// Writes a line to standard output; a reader that went away is not our trouble.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Puts `figures` into `page`, with when, where and how they were taken.
pub(crate) fn write(page: &Path, figures: &Figures, command: &str) -> anyhow::Result<()> {
    let text =
        fs::read_to_string(page).with_context(|| format!("{} cannot be read", page.display()))?;
    let (before, rest) = text.split_once(BEGIN).context("the page has no place for figures")?;
    let (_, after) = rest.split_once(END).context("the page's figures have no end")?;
    let today = Clock::System.now().datetime().date();
    let taken = format!("Taken on {today} by `{command}`, on {}.", machine());
    let table = figures.table();
    fs::write(page, format!("{before}{BEGIN}\n{taken}\n\n{table}{END}{after}"))?;
    Ok(())
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = field(&read("/proc/cpuinfo"), "model name").unwrap_or_default();
    let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let kilobytes: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(0.0);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "a virtual machine with {cores} cores ({model}), {:.0} GB of memory, Linux {}",
        kilobytes * 1_024.0 / 1e9,
        kernel.trim()
    )
}
