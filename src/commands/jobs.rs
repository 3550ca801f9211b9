use std::process::ExitCode;

use anyhow::bail;
use boot::{Clock, Config};
use entities::job::{Model, State};
use jobs::queue::{self, Filter};
use payments::{
    Store,
    audit::{self, Line},
};
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
        Jobs::Requeue(which) => change(&parts, &which, "job.requeue").await?,
        Jobs::Cancel(which) => change(&parts, &which, "job.cancel").await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn change(parts: &Parts, which: &JobFilter, action: &str) -> anyhow::Result<()> {
    if which.id.is_none() && which.name.is_none() && !which.all {
        bail!("say which jobs: --id, --name, or --all for every one that matches");
    }
    let (filter, now) = (filter(which)?, parts.store.clock.now());
    let Store { db, .. } = &parts.store;
    let txn = db.begin().await?;
    let settled = match action {
        "job.requeue" => queue::requeue(&txn, &filter, now).await?,
        _ => queue::cancel(&txn, &filter, now).await?,
    };
    let line = |job: &jobs::Enqueued| Line {
        actor: "operator".to_owned(),
        action: action.to_owned(),
        subject: job.id.to_string(),
        before: None,
        after: None,
    };
    audit::write(&txn, settled.jobs.iter().map(line).collect(), now).await?;
    txn.commit().await?;
    say(format_args!("{} jobs", settled.jobs.len()));
    if action == "job.requeue" {
        parts.dispatcher.announce(settled.jobs);
    }
    Ok(())
}

fn filter(which: &JobFilter) -> anyhow::Result<Filter> {
    let state = which.state.as_ref().map(State::try_from_value);
    let state = state
        .transpose()
        .map_err(|_| anyhow::anyhow!("--state is one of queued, running, done, dead, cancelled"))?;
    let id = which.id.as_ref().map(|id| id.parse()).transpose()?;
    Ok(Filter { id, name: which.name.clone(), state })
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
