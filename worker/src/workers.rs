use std::{sync::Arc, time::Duration};

use boot::Shutdown;
use entities::job::Lane;
use jobs::tickets::{MemoryTickets, RedisCarrier};
use tokio::task::JoinHandle;

use crate::{Context, Lanes, queue, schedules, sealer, sweeper::Sweeper};

/// How hard to work.
#[derive(Clone, Debug)]
pub struct Options {
    /// Runs at once in each lane, in the order of [`Lane::ALL`].
    pub concurrency: [usize; 4],
    /// How often to look for jobs that were not taken.
    pub sweep_interval: Duration,
    /// How long running jobs may take to end when the process is told to stop.
    pub drain: Duration,
    /// Whether this process also asks for periodic jobs.
    pub schedules: bool,
}

/// Where tickets come from.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a process has one of it")]
pub enum Source {
    /// This process.
    Memory(MemoryTickets),
    /// Redis.
    Redis(RedisCarrier),
}

/// The workers of this process.
#[derive(Debug)]
pub struct Workers {
    lanes: Lanes,
    feeders: Vec<JoinHandle<()>>,
    sweepers: Vec<JoinHandle<()>>,
    drain: Duration,
}

impl Workers {
    /// Starts to work.
    pub fn start(
        context: &Arc<Context>,
        source: Source,
        options: &Options,
        shutdown: &Shutdown,
    ) -> Self {
        payments::figures::register();
        let concurrency = options.concurrency;
        let lanes = Lanes::open(context, |lane| concurrency[lane as usize]);
        let shared = matches!(source, Source::Redis(_));
        let mut feeders = feed(source, &lanes, context, shutdown);
        if options.schedules {
            feeders.push(tokio::spawn(schedules::run(Arc::clone(context), shutdown.clone())));
        }
        let (context, interval) = (Arc::clone(context), options.sweep_interval);
        let sealer = tokio::spawn(sealer::run(Arc::clone(&context)));
        let mut sweepers = Sweeper { context, lanes: lanes.clone(), interval, shared }.start();
        sweepers.push(sealer);
        Self { lanes, feeders, sweepers, drain: options.drain }
    }

    /// Takes no more jobs, and waits for those that run. What does not end in time is taken over by
    /// another worker when its lease runs out.
    pub async fn stop(self) {
        for sweeper in &self.sweepers {
            sweeper.abort();
        }
        if !self.lanes.drain(self.drain).await {
            tracing::warn!("jobs were still running; they are taken over when their leases end");
        }
        for feeder in self.feeders {
            let abort = feeder.abort_handle();
            if tokio::time::timeout(Duration::from_secs(2), feeder).await.is_err() {
                abort.abort();
            }
        }
    }
}

fn feed(
    source: Source,
    lanes: &Lanes,
    context: &Arc<Context>,
    shutdown: &Shutdown,
) -> Vec<JoinHandle<()>> {
    match source {
        Source::Redis(carrier) => {
            let (lanes, worker) = (lanes.clone(), Arc::clone(&context.worker));
            vec![tokio::spawn(queue::run(carrier, lanes, worker, shutdown.clone()))]
        }
        Source::Memory(tickets) => {
            let feed = |(lane, mut tickets): (Lane, tokio::sync::mpsc::Receiver<jobs::Ticket>)| {
                let (lanes, stop) = (lanes.clone(), shutdown.signalled());
                let feed = async move {
                    while let Some(ticket) = tickets.recv().await {
                        // The lane's own bound is what holds this back.
                        lanes.admit(lane, ticket.job_ids).await;
                    }
                };
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop => {}
                        () = feed => {}
                    }
                })
            };
            tickets.into_lanes().map(feed).collect()
        }
    }
}
