//! Replays of events, and the audit log's chain (`AC9.6.7`, `001-C6`).

use ::payments::{audit, replay::Preview};
use entities::EventId;
use poem::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, success};
use crate::{
    CashierError, Problem,
    replay::{DryRun, ReplayError},
};

/// How an event is to be replayed.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "EventReplay")]
pub(crate) struct Replay {
    /// Whether to show what would change, and change nothing.
    dry_run: bool,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replayed {
    event_id: String,
    /// `changes`, `asks`, `irrelevant`, `unreadable`; `queued`, if it was no dry run.
    outcome: String,
    /// What that means, in a sentence.
    detail: String,
    changes: Option<Changes>,
}

/// What would change.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReplayChanges")]
pub(crate) struct Changes {
    transaction_id: Option<String>,
    status: Option<String>,
    status_after: Option<String>,
    /// The rule that the event breaks, if it breaks one.
    contradicts: Option<String>,
    ledger: Vec<Leg>,
    /// The jobs that would follow, mails among them.
    jobs: Vec<String>,
}

/// One leg of a transfer that would be booked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReplayEntry")]
pub(crate) struct Leg {
    transfer: String,
    account: String,
    asset: String,
    amount: i64,
}

/// What the audit log's chain says.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditVerification")]
pub(crate) struct Verified {
    /// Whether no line was edited, deleted or slipped in.
    whole: bool,
    lines: i64,
    /// Lines that were written just now, and are sealed within half a minute.
    unsealed: i64,
    /// The end of the chain: note it elsewhere.
    head: Option<String>,
    problems: Vec<String>,
}

/// `POST /admin/events/{id}/replay`.
pub(crate) async fn replay(call: Call) -> Result<Response, Problem> {
    let (id, wish): (EventId, Replay) = (call.id()?, call.json()?);
    let by = format!("user:{}", call.user()?.user_ref);
    if wish.dry_run {
        let shown = call.app.replayer.dry_run(id).await.map_err(problem)?;
        return Ok(success(&Replayed::new(id, shown)));
    }
    call.app.replayer.replay(id, &by).await.map_err(problem)?;
    let detail = "it is applied within seconds; what it did once stays done once".to_owned();
    let outcome = "queued".to_owned();
    Ok(success(&Replayed { event_id: id.to_string(), outcome, detail, changes: None }))
}

fn problem(error: ReplayError) -> Problem {
    match error {
        ReplayError::NotFound => Problem::NotFound,
        ReplayError::NotSetUp(_) => Problem::UnknownProvider,
        ReplayError::Provider(error) => CashierError::Unavailable(error).into(),
        ReplayError::Payments(error) => error.into(),
    }
}

/// `POST /admin/audit/verify`.
pub(crate) async fn verify_audit(call: Call) -> Result<Response, Problem> {
    let report = audit::verify(&call.app.store, &[]).await?;
    Ok(success(&Verified {
        whole: report.problems.is_empty(),
        lines: report.lines,
        unsealed: report.open,
        head: report.head.map(|head| head.to_string()),
        problems: report.problems,
    }))
}

impl Replayed {
    fn new(id: EventId, shown: DryRun) -> Self {
        let (outcome, detail, changes) = match shown {
            DryRun::Changes(preview) => {
                ("changes", preview.sentence(), Some(Changes::new(preview)))
            }
            DryRun::Asks(what) => ("asks", format!("the provider would be asked for {what}"), None),
            DryRun::Irrelevant => {
                ("irrelevant", "it says nothing that concerns us".to_owned(), None)
            }
            DryRun::Unreadable(why) => ("unreadable", why, None),
        };
        Self { event_id: id.to_string(), outcome: outcome.to_owned(), detail, changes }
    }
}

impl Changes {
    fn new(preview: Preview) -> Self {
        let leg = |entry: ::payments::replay::Entry| Leg {
            transfer: entry.transfer,
            account: entry.account,
            asset: entry.asset,
            amount: entry.amount,
        };
        Self {
            transaction_id: preview.payment_id.map(|id| id.to_string()),
            status: preview.status,
            status_after: preview.status_after,
            contradicts: preview.contradicts.map(str::to_owned),
            ledger: preview.entries.into_iter().map(leg).collect(),
            jobs: preview.jobs,
        }
    }
}
