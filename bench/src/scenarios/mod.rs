//! What is measured.

mod end_to_end;
mod growth;
mod ingest;
mod latency;
mod memory;
mod page;
mod shop;
mod warm;

use anyhow::ensure;

use crate::{Run, bench::Bench, figures::Figures, report};

const ALL: [&str; 8] =
    ["ingest", "end-to-end", "sqlite", "latency", "shop", "page", "memory", "growth"];

/// Measures what `run` asks for.
pub(crate) async fn run(run: Run) -> anyhow::Result<()> {
    for name in &run.only {
        ensure!(ALL.contains(&name.as_str()), "there is no {name}; there are {}", ALL.join(", "));
    }
    let mut bench = Bench { run, figures: Figures::default(), bare: 0.0 };
    bench.bare = ingest::bare(&mut bench).await?;
    for name in ALL {
        if !bench.run.only.is_empty() && !bench.run.only.iter().any(|only| only == name) {
            continue;
        }
        report::say(&format!("── {name}"));
        match name {
            "ingest" => ingest::measure(&mut bench).await?,
            "end-to-end" => end_to_end::postgres(&mut bench).await?,
            "sqlite" => end_to_end::sqlite(&mut bench).await?,
            "latency" => latency::measure(&mut bench).await?,
            "shop" => shop::measure(&mut bench).await?,
            "page" => page::ready(&mut bench).await?,
            "memory" => memory::idle(&mut bench).await?,
            _ => growth::measure(&mut bench).await?,
        }
    }
    report::say(&format!("\n{}", bench.figures.table()));
    if let Some(page) = &bench.run.page {
        let command = if bench.run.quick { "scripts/bench --quick" } else { "scripts/bench" };
        report::write(page, &bench.figures, command)?;
    }
    Ok(())
}
