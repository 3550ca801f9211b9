//! Lanes: where tickets become runs, a bounded number of them at once.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError},
    time::Duration,
};

use boot::turn;
use entities::{JobId, job::Lane};
use jobs::tickets::TICKET_IDS;
use sea_orm::DatabaseBackend;
use tokio::sync::{Mutex, MutexGuard, Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::{Context, apply_event, perform, send_receipt};

/// Tickets a lane holds beyond those it works on. Enough for a full batch of events when tickets are
/// small; more would only wait here instead of there.
const WAITING: usize = 32;

/// How long mails are waited for that may go along with the first. Nobody notices, and what is asked
/// of the database for all of a batch is paid less often.
const GATHER: Duration = Duration::from_millis(100);

struct Offer {
    ids: Vec<JobId>,
    done: oneshot::Sender<()>,
}

/// Whether the lanes took an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// Every job was run, or turned out to be somebody else's.
    Handled,
    /// The lanes are closed; the jobs stay where they are.
    Closed,
}

/// The lanes of this process.
#[derive(Clone, Debug)]
pub struct Lanes {
    offers: Arc<[mpsc::Sender<Offer>]>,
    tracker: TaskTracker,
    closing: Arc<Semaphore>,
}

impl Lanes {
    /// Opens the lanes, each with its number of runs at once.
    pub fn open(context: &Arc<Context>, concurrency: impl Fn(Lane) -> usize) -> Self {
        let tracker = TaskTracker::new();
        let closing = Arc::new(Semaphore::new(0));
        let offers = Lane::ALL
            .into_iter()
            .map(|lane| {
                let (sender, receiver) = mpsc::channel(WAITING);
                let runner = Runner {
                    lane,
                    of: concurrency(lane).max(1),
                    context: Arc::clone(context),
                    waiting: Arc::new(Mutex::new(Waiting { receiver, begun: VecDeque::new() })),
                    closing: Arc::clone(&closing),
                };
                runner.start(&tracker);
                sender
            })
            .collect();
        Self { offers, tracker, closing }
    }

    /// Runs those of the jobs `ids` that are due and free, and returns when they are settled.
    pub async fn offer(&self, lane: Lane, ids: Vec<JobId>) -> Offered {
        let Some(handled) = self.admit(lane, ids).await else {
            return Offered::Closed;
        };
        if handled.await.is_ok() { Offered::Handled } else { Offered::Closed }
    }

    /// Waits for room in the lane for the jobs `ids`; what is returned tells when they are settled.
    pub(crate) async fn admit(&self, lane: Lane, ids: Vec<JobId>) -> Option<oneshot::Receiver<()>> {
        let (done, handled) = oneshot::channel();
        self.offers[lane as usize].send(Offer { ids, done }).await.ok().map(|()| handled)
    }

    /// Takes no more, and waits for what is running, at most `patience`; says whether all ended.
    pub async fn drain(&self, patience: Duration) -> bool {
        self.closing.close();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}

/// What a lane's runners take from, one at a time.
struct Waiting {
    receiver: mpsc::Receiver<Offer>,
    /// Offers that runners have taken a part of.
    begun: VecDeque<Part>,
}

/// Jobs of one offer.
struct Part {
    ids: Vec<JobId>,
    offer: Arc<Pending>,
}

/// An offer that runners share: done when the last of them has dropped it with its part run.
struct Pending(std::sync::Mutex<Option<oneshot::Sender<()>>>);

impl Pending {
    /// Drops the word of done: some of the offer's jobs are left where they are.
    fn give_up(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let done = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        for part in &self.begun {
            part.offer.give_up();
        }
    }
}

impl Waiting {
    /// At most `limit` jobs that are here, of one offer; `None` when nothing is.
    fn take(&mut self, limit: usize) -> Option<Part> {
        let mut part = match self.begun.pop_front() {
            Some(part) => part,
            None => Part::of(self.receiver.try_recv().ok()?),
        };
        if part.ids.len() > limit {
            let rest = part.ids.split_off(limit);
            self.begun.push_front(Part { ids: rest, offer: Arc::clone(&part.offer) });
        }
        Some(part)
    }

    /// How many jobs are here, counted to `most`; what is counted can be taken.
    fn count(&mut self, most: usize) -> usize {
        let mut jobs: usize = self.begun.iter().map(|part| part.ids.len()).sum();
        while jobs < most {
            let Ok(offer) = self.receiver.try_recv() else { break };
            jobs += offer.ids.len();
            self.begun.push_back(Part::of(offer));
        }
        jobs.min(most)
    }

    /// Waits until there is something to [`take`](Self::take), and, if that comes anew and there is
    /// `patience`, as long for `most` jobs; `None` when there will be nothing.
    async fn ready(&mut self, most: usize, patience: Option<Duration>) -> Option<()> {
        if self.begun.is_empty() {
            let offer = self.receiver.recv().await?;
            self.begun.push_back(Part::of(offer));
            if let Some(patience) = patience {
                // What came is kept, whether there is more in time or not.
                let _ = tokio::time::timeout(patience, self.gather(most)).await;
            }
        }
        Some(())
    }

    async fn gather(&mut self, most: usize) {
        while self.count(most) < most {
            let Some(offer) = self.receiver.recv().await else { return };
            self.begun.push_back(Part::of(offer));
        }
    }
}

impl Part {
    fn of(offer: Offer) -> Self {
        let pending = Pending(std::sync::Mutex::new(Some(offer.done)));
        Self { ids: offer.ids, offer: Arc::new(pending) }
    }
}

#[derive(Clone)]
struct Runner {
    lane: Lane,
    /// How many runners the lane has.
    of: usize,
    context: Arc<Context>,
    waiting: Arc<Mutex<Waiting>>,
    closing: Arc<Semaphore>,
}

impl Runner {
    fn start(self, tracker: &TaskTracker) {
        for _ in 0..self.of {
            tracker.spawn(self.clone().work());
        }
    }

    async fn work(self) {
        while let Some((waiting, parts)) = self.next().await {
            let run = self.run(parts);
            if self.one_by_one() {
                turn::hold(waiting, run).await;
            } else {
                drop(waiting);
                run.await;
            }
        }
    }

    /// Whether the next run begins only when the one before has ended, or takes long: a file has one
    /// writer at a time.
    fn one_by_one(&self) -> bool {
        self.lane == Lane::Events && self.context.store.db.backend() == DatabaseBackend::Sqlite
    }

    /// Jobs in one run: events go together, mails are spread over the lane's runners.
    fn limit(&self, waiting: &mut Waiting) -> usize {
        match self.lane {
            Lane::Mail => share(waiting.count(self.most()), self.of),
            Lane::Events | Lane::Money | Lane::Upkeep => self.most(),
        }
    }

    /// How many jobs are worth looking at.
    fn most(&self) -> usize {
        match self.lane {
            Lane::Events => TICKET_IDS,
            Lane::Mail => send_receipt::MOST * self.of,
            Lane::Money | Lane::Upkeep => 1,
        }
    }

    /// How long the first job waits for others, if it does: even a timer of no time may take a millisecond.
    fn patience(&self) -> Option<Duration> {
        (self.lane == Lane::Mail).then_some(GATHER)
    }

    /// What is waiting, as much of it as one run takes; `None` when closing.
    async fn next(&self) -> Option<(MutexGuard<'_, Waiting>, Vec<Part>)> {
        let mut waiting = tokio::select! {
            biased;
            _ = self.closing.acquire() => return None,
            waiting = self.waiting.lock() => waiting,
        };
        tokio::select! {
            biased;
            _ = self.closing.acquire() => return None,
            ready = waiting.ready(self.most(), self.patience()) => ready?,
        }
        let mut parts = Vec::new();
        let mut room = self.limit(&mut waiting);
        while room > 0 {
            let Some(part) = waiting.take(room) else { break };
            room -= part.ids.len();
            parts.push(part);
        }
        Some((waiting, parts))
    }

    async fn run(&self, parts: Vec<Part>) {
        let ids: Vec<JobId> = parts.iter().flat_map(|part| part.ids.iter().copied()).collect();
        match self.lane {
            Lane::Events => apply_event::run_batch(&self.context, &ids).await,
            Lane::Mail => send_receipt::run_batch(&self.context, &ids).await,
            Lane::Money | Lane::Upkeep => {
                for id in ids {
                    perform::perform(&self.context, self.lane, id).await;
                }
            }
        }
    }
}

/// The mails of one run, so that `mails` that are waiting keep all `runners` busy.
fn share(mails: usize, runners: usize) -> usize {
    mails.div_ceil(runners).clamp(send_receipt::FEW, send_receipt::MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_mails_go_together_and_few_are_spread() {
        assert_eq!([3, 128, 129, 200, 900].map(|mails| share(mails, 4)), [32, 32, 33, 50, 64]);
    }

    #[test]
    fn what_waits_is_counted_and_stays_to_be_taken() {
        let (offers, receiver) = mpsc::channel(8);
        let mut waiting = Waiting { receiver, begun: VecDeque::new() };
        let ids = [3, 4, 5].map(|jobs| (0..jobs).map(|_| JobId::new()).collect::<Vec<_>>());
        for ids in ids.clone() {
            offers.try_send(Offer { ids, done: oneshot::channel().0 }).unwrap();
        }
        assert_eq!((waiting.count(6), waiting.begun.len()), (6, 2));
        assert_eq!((waiting.count(100), waiting.begun.len()), (12, 3));
        let taken: Vec<_> =
            std::iter::from_fn(|| waiting.take(5)).flat_map(|part| part.ids).collect();
        assert_eq!(taken, ids.concat());
    }
}
