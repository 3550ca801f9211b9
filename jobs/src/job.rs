//! The contract of a job.

use std::time::Duration;

use entities::{JobId, Timestamp, job::Lane};
use sea_orm::{DatabaseTransaction, DbErr};
use serde::{Serialize, de::DeserializeOwned};

use crate::queue;

/// A unit of work that outlives the request which asked for it.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Names the job in rows and logs. Stored jobs carry it: never change it.
    const NAME: &'static str;

    /// Which kind of work it is.
    const LANE: Lane;

    /// How often the job may run before it is buried for a person to look at. With the back-off of
    /// [`queue::backoff`], twelve tries take about a day.
    const MAX_ATTEMPTS: u32 = 12;

    /// How long a single run may take; shorter than the lane's lease.
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// Jobs of the same name with equal keys are one job, however often they are enqueued.
    fn dedup_key(&self) -> String;

    /// Asks for the job to be run, if and only if `txn` commits. `None` if it was asked for before.
    fn enqueue(
        &self,
        txn: &DatabaseTransaction,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Enqueued>, DbErr>> + Send {
        async move { Ok(queue::insert(txn, vec![NewJob::of(self, now)], now).await?.pop()) }
    }
}

/// A job that is about to be written.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub(crate) id: JobId,
    pub(crate) name: &'static str,
    pub(crate) lane: Lane,
    pub(crate) dedup_key: String,
    pub(crate) payload: String,
    pub(crate) run_at: Timestamp,
}

impl NewJob {
    /// Of which kind it is.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// `job`, to be run at `run_at` or later.
    pub fn of<J: Job>(job: &J, run_at: Timestamp) -> Self {
        Self {
            id: JobId::new(),
            name: J::NAME,
            lane: J::LANE,
            dedup_key: job.dedup_key(),
            payload: serde_json::to_string(job).expect("a job is a plain struct of ids"),
            run_at,
        }
    }
}

/// A job that was written, for the ticket that follows the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enqueued {
    /// Where it waits.
    pub lane: Lane,
    /// Which it is.
    pub id: JobId,
}
