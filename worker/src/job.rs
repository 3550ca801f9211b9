use std::time::Duration;

use entities::job::Model;
use gateways::{GatewayError, NetError};
use jobs::Job;

use crate::Context;

/// How a run that succeeded left its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It is to be marked done.
    Done,
    /// The run's own transaction has settled it.
    Settled,
}

/// How a job is done.
pub trait Run: Job {
    /// Does the job; `row` is the claim on it.
    fn run(
        self,
        context: &Context,
        row: &Model,
    ) -> impl Future<Output = Result<Ran, JobError>> + Send;
}

/// Why a run failed, and what is to follow.
#[derive(Debug)]
pub enum JobError {
    /// Another run may succeed.
    Retry(anyhow::Error),
    /// It is not this job's turn yet; the attempt does not count.
    Snooze(Duration, anyhow::Error),
    /// No run will succeed: a person has to look at it.
    Bury(anyhow::Error),
}

impl JobError {
    /// What went wrong, with its causes.
    pub(crate) fn text(&self) -> String {
        let (Self::Retry(cause) | Self::Snooze(_, cause) | Self::Bury(cause)) = self;
        format!("{cause:#}")
    }
}

impl JobError {
    /// What went wrong, without what is to be done about it.
    pub(crate) fn cause(self) -> anyhow::Error {
        match self {
            Self::Retry(error) | Self::Snooze(_, error) | Self::Bury(error) => error,
        }
    }
}

impl From<boot::faults::Injected> for JobError {
    fn from(error: boot::faults::Injected) -> Self {
        Self::Retry(error.into())
    }
}

impl From<payments::Error> for JobError {
    fn from(error: payments::Error) -> Self {
        if error.is_transient() { Self::Retry(error.into()) } else { Self::Bury(error.into()) }
    }
}

impl From<sea_orm::DbErr> for JobError {
    fn from(error: sea_orm::DbErr) -> Self {
        payments::Error::from(error).into()
    }
}

impl From<GatewayError> for JobError {
    fn from(error: GatewayError) -> Self {
        // While the provider is left alone nothing was tried, so nothing counts.
        if let GatewayError::Net(NetError::Resting(pause)) = error {
            return Self::Snooze(pause, error.into());
        }
        if error.is_transient() { Self::Retry(error.into()) } else { Self::Bury(error.into()) }
    }
}

/// The provider's reason, if it refused for good. What is wrong with our keys, or with our pace, says
/// nothing about what was asked for.
pub(crate) fn refusal(error: &GatewayError) -> Option<String> {
    match error {
        GatewayError::Api { status: 401 | 403 | 409 | 429 | 500.., .. }
        | GatewayError::Net(_)
        | GatewayError::Shape(_) => None,
        GatewayError::Api { code, kind, .. } => Some(code.clone().unwrap_or_else(|| kind.clone())),
    }
}
