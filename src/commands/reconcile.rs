use std::{io::IsTerminal, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use boot::{Clock, Config};
use entities::{EventId, Provider, ReconciliationId, Timestamp, reconciliation::State};
use indicatif::{ProgressBar, ProgressStyle};
use payments::{
    Store, checkout, inbox,
    reconciliations::{self, Found, Wish},
};
use time::{Date, macros::format_description};

use super::say;
use crate::{Parts, cli::Reconcile};

/// How often the bar is drawn.
const LOOK: Duration = Duration::from_millis(150);

/// Longest list of gaps that is printed; the API has them all.
const MOST: u64 = 500;

/// Looks at the providers' side in this process, shows how far that has come, and prints the report.
pub(super) async fn run(config: &Config, options: &Reconcile) -> anyhow::Result<ExitCode> {
    let parts = Parts::open(config, Clock::System).await?;
    let mut code = ExitCode::SUCCESS;
    for (provider, wish) in wishes(&parts, options).await? {
        let (run, job) = reconciliations::ask(&parts.store, provider, wish, "operator").await?;
        let job = job.context("the run was asked for before")?;
        // Here, if no worker was faster; what it finds is left to the workers.
        let working = worker::run_one(&parts.context, job);
        let watching = watch(&parts.store, run.id);
        let ((), found) = tokio::join!(working, watching);
        let found = found?;
        report(&parts.store, &found).await?;
        if found.run.state != State::Done {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// What is to be looked at, at whom.
async fn wishes(parts: &Parts, options: &Reconcile) -> anyhow::Result<Vec<(Provider, Wish)>> {
    let store = &parts.store;
    if let Some(id) = &options.payment {
        let id = id.parse()?;
        let payment = checkout::find(store, id).await?.context("there is no such payment")?;
        return Ok(vec![(payment.provider, Wish::Payment(id))]);
    }
    if let Some(id) = &options.event {
        if let Ok(id) = id.parse::<EventId>() {
            let event = inbox::find(store, id).await?.context("there is no such event")?.event;
            return Ok(vec![(event.provider, Wish::Event(event.event_id))]);
        }
        let provider = options.provider.context("name the event's --provider, too")?;
        return Ok(vec![(provider, Wish::Event(id.clone()))]);
    }
    let now = store.clock.now();
    let until = options.to.as_deref().map(day).transpose()?.map_or(now, |to| to + DAY);
    let since = match options.from.as_deref() {
        Some(from) => day(from)?,
        None => until - Duration::from_secs(options.hours * 3_600),
    };
    if since >= until {
        bail!("--from is after --to");
    }
    let all = parts.gateways.iter().map(|gateway| gateway.provider());
    let wanted = all.filter(|it| options.provider.is_none_or(|provider| provider == *it));
    let wishes: Vec<_> = wanted.map(|it| (it, Wish::Window(since..until))).collect();
    if wishes.is_empty() {
        bail!("that provider is not set up");
    }
    Ok(wishes)
}

const DAY: Duration = Duration::from_hours(24);

/// Midnight (UTC) of a day.
fn day(text: &str) -> anyhow::Result<Timestamp> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]"));
    let date = date.with_context(|| format!("{text:?} is not a day like 2026-01-31"))?;
    Ok(Timestamp::from_seconds(date.midnight().assume_utc().unix_timestamp()))
}

/// Shows how far run `id` has come until it ends. Without a terminal it says nothing.
async fn watch(store: &Store, id: ReconciliationId) -> anyhow::Result<Found> {
    let bar = if std::io::stderr().is_terminal() { bar()? } else { ProgressBar::hidden() };
    loop {
        let found = reconciliations::find(store, id).await?.context("the run has vanished")?;
        let run = &found.run;
        if let (Some(since), Some(until), Some(reached)) = (run.since, run.until, run.reached) {
            bar.set_length(until.since(since).as_secs().max(1));
            bar.set_position(until.since(reached).as_secs());
        }
        bar.set_message(format!(
            "{}: {} events, {} payments, {} gaps",
            run.provider, run.events, run.payments, found.gaps
        ));
        if matches!(run.state, State::Done | State::Failed) {
            bar.finish_and_clear();
            return Ok(found);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn bar() -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {elapsed} {msg}")?;
    Ok(ProgressBar::new(1).with_style(style))
}

async fn report(store: &Store, found: &Found) -> anyhow::Result<()> {
    let run = &found.run;
    let gaps = reconciliations::gaps(store, run.id, None, MOST).await?;
    for (gap, _) in &gaps.items {
        let late = gap.found_at.since(gap.occurred_at).as_secs();
        say(format_args!(
            "{}  {:7} {} {}  {late} s late",
            gap.occurred_at,
            gap.kind.as_str(),
            gap.reference,
            gap.what
        ));
    }
    let state = match &run.error {
        Some(error) => format!("{}: {error}", run.state.as_str()),
        None => run.state.as_str().to_owned(),
    };
    say(format_args!(
        "{} {} {state}: {} events and {} payments looked at, {} gaps healed",
        run.id, run.provider, run.events, run.payments, found.gaps
    ));
    Ok(())
}
