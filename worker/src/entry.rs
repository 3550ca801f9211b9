use std::{pin::Pin, sync::Arc, time::Duration};

use anyhow::Context as _;
use entities::job::{Lane, Model};
use jobs::{
    AcceptDispute, Alert, AnswerDispute, ApplyEvent, DetachMethods, FollowPayment, LookUpEvent,
    Notify, ProcessRefund, Prune, Reconcile, ResendReceipt, RunReconciliation, SendCaseMail,
    SendFailure, SendReceipt, SendRefundMail, SyncMethods, VerifyAudit, VerifyLedger, queue::lease,
};

use crate::{Context, JobError, Ran, Run};

type Running = Pin<Box<dyn Future<Output = Result<Ran, JobError>> + Send>>;

/// A job this worker knows how to do.
pub struct Entry {
    /// The job's name.
    pub name: &'static str,
    /// Where it waits.
    pub lane: Lane,
    /// After how many runs it is buried.
    pub max_attempts: u32,
    /// How long one run may take.
    pub timeout: Duration,
    run: fn(Arc<Context>, Model) -> Running,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every job this worker runs. A job that is not here is buried, and a test drains one of each.
pub const JOBS: &[Entry] = &[
    Entry::of::<ApplyEvent>(),
    Entry::of::<LookUpEvent>(),
    Entry::of::<FollowPayment>(),
    Entry::of::<SendReceipt>(),
    Entry::of::<ResendReceipt>(),
    Entry::of::<SendFailure>(),
    Entry::of::<SyncMethods>(),
    Entry::of::<DetachMethods>(),
    Entry::of::<ProcessRefund>(),
    Entry::of::<AnswerDispute>(),
    Entry::of::<AcceptDispute>(),
    Entry::of::<SendRefundMail>(),
    Entry::of::<SendCaseMail>(),
    Entry::of::<Alert>(),
    Entry::of::<Notify>(),
    Entry::of::<Reconcile>(),
    Entry::of::<RunReconciliation>(),
    Entry::of::<VerifyLedger>(),
    Entry::of::<VerifyAudit>(),
    Entry::of::<Prune>(),
];

impl Entry {
    /// The entry of job `J`.
    pub const fn of<J: Run>() -> Self {
        const {
            assert!(
                J::TIMEOUT.as_secs() < lease(J::LANE).as_secs(),
                "no run may outlive its lease"
            );
        };
        Self {
            name: J::NAME,
            lane: J::LANE,
            max_attempts: J::MAX_ATTEMPTS,
            timeout: J::TIMEOUT,
            run: run::<J>,
        }
    }

    /// The entry of the job called `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        JOBS.iter().find(|entry| entry.name == name)
    }

    /// Starts a run of `row`.
    pub(crate) fn start(&self, context: Arc<Context>, row: Model) -> Running {
        (self.run)(context, row)
    }
}

fn run<J: Run>(context: Arc<Context>, row: Model) -> Running {
    Box::pin(async move {
        let job: J = serde_json::from_str(&row.payload)
            .with_context(|| format!("the payload is not that of {}", J::NAME))
            .map_err(JobError::Bury)?;
        job.run(&context, &row).await
    })
}
