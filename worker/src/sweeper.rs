//! The sweeper: brings jobs that are due and were not taken to the lanes again.
//!
//! Alone it suffices for progress. With Redis one process at a time sweeps, and pushes tickets; if
//! Redis does not answer, every process takes jobs straight from the database.

use std::{sync::Arc, time::Duration};

use boot::faults;
use entities::{JobId, Timestamp, job::Lane};
use jobs::{
    Ticket,
    queue::{self, Cursor},
    tickets::{CarryError, TICKET_IDS},
};
use payments::leases;
use tokio::time::Instant;

use crate::{Context, Lanes};

/// How long a job may have been due before it is brought again: tickets are faster than that.
const GRACE: Duration = Duration::from_secs(2);

/// Pause between two pages of a backlog, and between looks at a full window.
const BREATH: Duration = Duration::from_millis(50);

/// Jobs read from a backlog at once: two tickets, and the chunk that apalis-redis bears well.
const PAGE: u64 = 2 * TICKET_IDS as u64;

/// After this long a pass over the backlog begins anew, though its tickets are not all taken yet:
/// some may be lost.
const PASS: Duration = Duration::from_secs(10);

/// How long the duty to sweep is held; a dead sweeper is replaced after that.
const DUTY: Duration = Duration::from_secs(6);

/// Sweeps until the process ends.
pub(crate) struct Sweeper {
    pub(crate) context: Arc<Context>,
    pub(crate) lanes: Lanes,
    pub(crate) interval: Duration,
    /// Whether other processes may sweep too: with Redis one suffices.
    pub(crate) shared: bool,
}

impl Sweeper {
    /// Sweeps each lane on a task of its own, so that a full one does not hold up the others.
    pub(crate) fn start(self) -> Vec<tokio::task::JoinHandle<()>> {
        let sweeper = Arc::new(self);
        let start = |lane| {
            let sweeper = Arc::clone(&sweeper);
            tokio::spawn(async move { sweeper.sweep(lane).await })
        };
        Lane::ALL.map(start).into_iter().collect()
    }

    async fn sweep(&self, lane: Lane) {
        let mut pass = Pass::new();
        loop {
            let next = match self.step(lane, &mut pass).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%lane, %error, "the sweeper could not read the queue");
                    Next::Rest
                }
            };
            match next {
                Next::Page => tokio::time::sleep(BREATH).await,
                Next::AtOnce => {}
                Next::Rest => tokio::time::sleep(self.interval).await,
            }
        }
    }

    async fn step(&self, lane: Lane, pass: &mut Pass) -> Result<Next, sea_orm::DbErr> {
        let now = self.context.store.clock.now();
        if faults::planted("no-sweeper") {
            return Ok(Next::Rest);
        }
        if self.shared {
            match self.context.dispatcher.carrier().outstanding(lane).await {
                Ok(outstanding) => return self.push(lane, now, outstanding, pass).await,
                Err(error) => tracing::debug!(%lane, %error, "sweeping without a carrier"),
            }
        }
        let ids = queue::due(&self.context.store.db, lane, now, TICKET_IDS as u64).await?;
        if ids.is_empty() {
            return Ok(Next::Rest);
        }
        self.lanes.offer(lane, ids).await;
        Ok(Next::AtOnce)
    }

    /// Pushes the next page of the backlog, unless workers have enough to do.
    async fn push(
        &self,
        lane: Lane,
        now: Timestamp,
        outstanding: usize,
        pass: &mut Pass,
    ) -> Result<Next, sea_orm::DbErr> {
        let duty = format!("sweep-{lane}");
        let holder = &self.context.worker;
        if !leases::hold(&self.context.store.db, &duty, holder, now, DUTY).await? {
            pass.restart();
            return Ok(Next::Rest);
        }
        if let Err(error) = self.context.dispatcher.carrier().tidy(lane).await {
            tracing::debug!(%lane, %error, "tickets that were taken are still kept");
        }
        if pass.is_over() && outstanding > 0 && !pass.is_old() {
            return Ok(Next::Rest);
        }
        let due = now - GRACE;
        let page =
            queue::due_after(&self.context.store.db, lane, now, due, pass.cursor, PAGE).await?;
        let Some(last) = page.last() else {
            pass.end();
            return Ok(Next::Rest);
        };
        let cursor = last.cursor;
        let ids: Vec<JobId> = page.iter().map(|due| due.id).collect();
        for chunk in ids.chunks(TICKET_IDS) {
            let ticket = Ticket { job_ids: chunk.to_vec() };
            match self.context.dispatcher.carrier().carry(lane, ticket).await {
                Ok(()) => {}
                Err(CarryError::Full) => return Ok(Next::Page),
                Err(CarryError::Unavailable(error)) => {
                    tracing::warn!(%lane, %error, "tickets cannot be carried");
                    return Ok(Next::Page);
                }
            }
        }
        metrics::counter!("quittance_jobs_swept_total", "lane" => lane.as_str())
            .increment(ids.len() as u64);
        pass.cursor = Some(cursor);
        Ok(Next::Page)
    }
}

enum Next {
    /// Read the next page.
    Page,
    /// Look again at once.
    AtOnce,
    /// Nothing to do for now.
    Rest,
}

/// One walk over the backlog, from the oldest job to the newest.
struct Pass {
    cursor: Option<Cursor>,
    started: Instant,
    over: bool,
}

impl Pass {
    fn new() -> Self {
        Self { cursor: None, started: Instant::now(), over: true }
    }

    fn restart(&mut self) {
        *self = Self::new();
    }

    fn end(&mut self) {
        *self = Self { cursor: None, started: self.started, over: true };
    }

    fn is_over(&mut self) -> bool {
        let over = self.over && self.cursor.is_none();
        self.over = over;
        over
    }

    fn is_old(&mut self) -> bool {
        let old = self.started.elapsed() > PASS;
        if old {
            self.started = Instant::now();
        }
        old
    }
}
