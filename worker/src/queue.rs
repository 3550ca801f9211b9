//! All that is known here of apalis: its workers take tickets from Redis and bring them to the
//! lanes. Facts behind the settings are in ARCHITECTURE.md.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{self, Poll},
    time::Duration,
};

use apalis::{
    layers::WorkerBuilderExt,
    prelude::{Data, WorkerBuilder, WorkerError},
};
use apalis_core::backend::ext::{
    BackendExt,
    poll_strategy::{PollSnapshot, PollStrategy},
};
use boot::Shutdown;
use entities::job::Lane;
use futures_util::{StreamExt, task::AtomicWaker};
use jobs::{
    Ticket,
    tickets::{RedisCarrier, wake_channel},
};
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, Sleep},
};

use crate::Lanes;

/// How often a worker looks for tickets by itself; wake-ups are what makes it fast.
const POLL: Duration = Duration::from_secs(1);

/// Tickets of one lane that a process works on or holds ready.
const TICKETS_AT_ONCE: usize = 32;

/// How long to wait before listening for wake-ups again after Redis was lost.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// How long to wait before another worker is started where one has ended. Redis answers with errors
/// while it loads its data, and each of them ends a worker at once.
const START_AGAIN: Duration = Duration::from_millis(500);

/// Takes tickets from Redis until `shutdown`; comes back by itself whenever Redis does.
pub(crate) async fn run(carrier: RedisCarrier, lanes: Lanes, worker: Arc<str>, shutdown: Shutdown) {
    let wakes = Lane::ALL.map(|_| Arc::new(Wake::default()));
    let listener = tokio::spawn(listen(carrier.clone(), wakes.clone()));
    // Each on a task of its own: a worker asks Redis whenever it is polled, and on one task every
    // answer to one of them would make the others ask again, without end.
    let mut takers = JoinSet::new();
    for (lane, wake) in Lane::ALL.into_iter().zip(wakes) {
        let (carrier, lanes, process) = (carrier.clone(), lanes.clone(), Arc::clone(&worker));
        let taker = Taker { lane, wake, carrier, lanes, process };
        takers.spawn(taker.run(shutdown.clone()));
    }
    takers.join_all().await;
    listener.abort();
}

/// Takes the tickets of one lane, by one apalis worker after the other.
struct Taker {
    lane: Lane,
    wake: Arc<Wake>,
    carrier: RedisCarrier,
    lanes: Lanes,
    process: Arc<str>,
}

impl Taker {
    /// Not by apalis' own monitor: it starts a worker again without a pause, some hundred times
    /// while Redis loads its data.
    async fn run(self, shutdown: Shutdown) {
        for start in 0_u64.. {
            let told = shutdown.signalled();
            let signal = async {
                told.await;
                Ok::<(), WorkerError>(())
            };
            // A name that was used before is refused until its heartbeat is forgotten.
            let worker = WorkerBuilder::new(format!("{}-{}-{start}", self.lane, self.process))
                .backend(
                    self.carrier
                        .storage(self.lane)
                        .poll_with_strategy(Wakeful::new(Arc::clone(&self.wake))),
                )
                .concurrency(TICKETS_AT_ONCE)
                .data((self.lane, self.lanes.clone()))
                .build(take);
            let ended = worker.run_until(signal).await;
            if shutdown.is_triggered() {
                return;
            }
            if let Err(error) = ended {
                tracing::warn!(lane = %self.lane, %error, "a worker on Redis is started again");
            }
            tokio::time::sleep(START_AGAIN).await;
        }
    }
}

/// Brings one ticket to its lane. Always succeeds: apalis never learns what came of a job, so that
/// there is one retry policy, ours, and one record, the database.
async fn take(ticket: Value, lane: Data<(Lane, Lanes)>) {
    let (lane, lanes) = (*lane).clone();
    match serde_json::from_value::<Ticket>(ticket) {
        Ok(ticket) if ticket.job_ids.len() <= jobs::tickets::TICKET_IDS => {
            // Detached: a worker that dies of a Redis error must not cancel what runs.
            let _ = tokio::spawn(async move { lanes.offer(lane, ticket.job_ids).await }).await;
        }
        Ok(_) | Err(_) => tracing::error!(%lane, "a ticket in Redis is not ours; it is dropped"),
    }
}

/// Hears of pushed tickets, and wakes the lane's worker.
async fn listen(carrier: RedisCarrier, wakes: [Arc<Wake>; 4]) {
    loop {
        if let Err(error) = listen_once(&carrier, &wakes).await {
            tracing::warn!(%error, "no wake-ups from Redis; tickets are polled for");
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

async fn listen_once(
    carrier: &RedisCarrier,
    wakes: &[Arc<Wake>; 4],
) -> Result<(), redis::RedisError> {
    let mut subscription = carrier.client().get_async_pubsub().await?;
    subscription.subscribe(wake_channel(carrier.prefix())).await?;
    let mut messages = subscription.on_message();
    while let Some(message) = messages.next().await {
        let lane: String = message.get_payload()?;
        for (known, wake) in Lane::ALL.into_iter().zip(wakes) {
            if known.as_str() == lane {
                wake.wake();
            }
        }
    }
    Ok(())
}

/// A call for a lane's worker.
#[derive(Debug, Default)]
struct Wake {
    called: AtomicBool,
    waker: AtomicWaker,
}

impl Wake {
    fn wake(&self) {
        self.called.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// When a worker looks for tickets: when called, and every [`POLL`].
///
/// A call arms looks after 2 ms and 20 ms, because one that comes while an empty fetch is under way
/// would otherwise be swallowed until the next poll.
#[derive(Debug)]
struct Wakeful {
    poll: Interval,
    burst: Pin<Box<Sleep>>,
    left: u8,
    wake: Arc<Wake>,
}

impl Wakeful {
    fn new(wake: Arc<Wake>) -> Self {
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { poll, burst: Box::pin(tokio::time::sleep(Duration::ZERO)), left: 0, wake }
    }
}

impl PollStrategy for Wakeful {
    fn poll_drive(&mut self, cx: &mut task::Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        self.wake.waker.register(cx.waker());
        // Until it is pending: only then is our waker registered with the timer.
        while self.poll.poll_tick(cx).is_ready() {}
        if self.wake.called.swap(false, Ordering::AcqRel) {
            self.left = 2;
            self.burst.as_mut().reset(Instant::now() + Duration::from_millis(2));
        }
        while self.left > 0 && self.burst.as_mut().poll(cx).is_ready() {
            self.left -= 1;
            self.burst.as_mut().reset(Instant::now() + Duration::from_millis(20));
        }
        Poll::Pending
    }
}
