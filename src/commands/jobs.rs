use std::process::ExitCode;

use anyhow::bail;
use boot::{Clock, Config};
use entities::job::{Model, State};
use jobs::queue::{self, Filter};
use payments::desk::work::{self, Wish};
use sea_orm::ActiveEnum;
use serde_json::json;

use super::say;
use crate::{
    Parts,
    cli::{JobFilter, Jobs},
};

pub(super) async fn run(config: &Config, action: Jobs) -> anyhow::Result<ExitCode> {
    let parts = Parts::open(config, Clock::System).await?;
    match action {
        Jobs::List(which) => {
            let filter = filter(&which)?;
            for job in queue::list(&parts.store.db, &filter, which.limit).await? {
                say(describe(&job));
            }
        }
        Jobs::Requeue(which) => change(&parts, &which, Wish::Requeue).await?,
        Jobs::Cancel(which) => change(&parts, &which, Wish::Cancel).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn change(parts: &Parts, which: &JobFilter, wish: Wish) -> anyhow::Result<()> {
    if which.id.is_none() && which.name.is_none() && !which.all {
        bail!("say which jobs: --id, --name, or --all for every one that matches");
    }
    let changed = work::change(&parts.store, &filter(which)?, wish, "operator").await?;
    say(format_args!("{} jobs", changed.len()));
    if wish == Wish::Requeue {
        parts.dispatcher.announce(changed);
    }
    Ok(())
}

fn filter(which: &JobFilter) -> anyhow::Result<Filter> {
    let state = which.state.as_ref().map(State::try_from_value);
    let state = state
        .transpose()
        .map_err(|_| anyhow::anyhow!("--state is one of queued, running, done, dead, cancelled"))?;
    let id = which.id.as_ref().map(|id| id.parse()).transpose()?;
    Ok(Filter { id, name: which.name.clone(), state, lane: None })
}

fn describe(job: &Model) -> serde_json::Value {
    json!({
        "id": job.id,
        "name": job.name,
        "lane": job.lane.as_str(),
        "state": job.state.to_value(),
        "attempts": job.attempts,
        "run_at": job.run_at,
        "last_error": job.last_error,
        "finished_at": job.finished_at,
    })
}
