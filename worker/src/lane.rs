//! Lanes: where tickets become runs, a bounded number of them at once.

use std::{sync::Arc, time::Duration};

use entities::{JobId, job::Lane};
use jobs::tickets::TICKET_IDS;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::{Context, apply_event, perform};

/// Tickets a lane holds beyond those it works on. More would only wait here instead of there.
const WAITING: usize = 4;

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
                    context: Arc::clone(context),
                    offers: Arc::new(Mutex::new(receiver)),
                    closing: Arc::clone(&closing),
                };
                runner.start(&tracker, concurrency(lane).max(1));
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

#[derive(Clone)]
struct Runner {
    lane: Lane,
    context: Arc<Context>,
    offers: Arc<Mutex<mpsc::Receiver<Offer>>>,
    closing: Arc<Semaphore>,
}

impl Runner {
    fn start(self, tracker: &TaskTracker, concurrency: usize) {
        for _ in 0..concurrency {
            let runner = self.clone();
            tracker.spawn(async move {
                while let Some(offers) = runner.next().await {
                    runner.run(offers).await;
                }
            });
        }
    }

    /// One offer, and for the batched lane what else is waiting; `None` when closing.
    async fn next(&self) -> Option<Vec<Offer>> {
        let mut waiting = tokio::select! {
            biased;
            _ = self.closing.acquire() => return None,
            waiting = self.offers.lock() => waiting,
        };
        let first = tokio::select! {
            biased;
            _ = self.closing.acquire() => return None,
            first = waiting.recv() => first?,
        };
        let mut offers = vec![first];
        let mut ids = offers[0].ids.len();
        while self.lane == Lane::Events && ids < TICKET_IDS {
            let Ok(offer) = waiting.try_recv() else { break };
            ids += offer.ids.len();
            offers.push(offer);
        }
        Some(offers)
    }

    async fn run(&self, offers: Vec<Offer>) {
        let ids: Vec<JobId> = offers.iter().flat_map(|offer| offer.ids.iter().copied()).collect();
        match self.lane {
            Lane::Events => {
                for batch in ids.chunks(TICKET_IDS) {
                    apply_event::run_batch(&self.context, batch).await;
                }
            }
            Lane::Money | Lane::Mail | Lane::Upkeep => {
                for id in ids {
                    if self.closing.is_closed() {
                        break;
                    }
                    perform::perform(&self.context, self.lane, id).await;
                }
            }
        }
        for offer in offers {
            let _ = offer.done.send(());
        }
    }
}
