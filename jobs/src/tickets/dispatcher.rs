use std::{sync::Arc, time::Duration};

use entities::{JobId, job::Lane};
use tokio::{sync::mpsc, time::Instant};

use super::{Carrier, CarryError, TICKET_IDS, Ticket};
use crate::Enqueued;

/// Commits whose tickets may wait to be carried. Past that they are left to the sweeper: a request
/// never waits for Redis.
const BACKLOG: usize = 4_096;

/// How long to leave a carrier alone that did not answer; the sweeper works meanwhile.
const REST: Duration = Duration::from_millis(500);

/// Sends tickets for jobs that have just been committed: at once, outside the latency path, and as
/// well as it can.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    commits: mpsc::Sender<Vec<Enqueued>>,
    carrier: Arc<dyn Carrier>,
}

impl Dispatcher {
    /// Starts to send tickets by `carrier`, until the last clone of it is dropped.
    pub fn start(carrier: Arc<dyn Carrier>) -> Self {
        let (commits, incoming) = mpsc::channel(BACKLOG);
        tokio::spawn(send(incoming, Arc::clone(&carrier)));
        Self { commits, carrier }
    }

    /// Tells workers of `jobs`, whose transaction must have been committed. Never waits.
    pub fn announce(&self, jobs: Vec<Enqueued>) {
        if !jobs.is_empty() && self.commits.try_send(jobs).is_err() {
            metrics::counter!("quittance_tickets_left_to_the_sweeper_total").increment(1);
        }
    }

    /// Who carries the tickets.
    pub fn carrier(&self) -> &Arc<dyn Carrier> {
        &self.carrier
    }
}

async fn send(mut incoming: mpsc::Receiver<Vec<Enqueued>>, carrier: Arc<dyn Carrier>) {
    let mut resting_until = Instant::now();
    while let Some(jobs) = incoming.recv().await {
        let mut lanes: [Vec<JobId>; 4] = Default::default();
        let mut more = Some(jobs);
        while let Some(jobs) = more {
            for job in jobs {
                lanes[job.lane as usize].push(job.id);
            }
            // While one ticket is carried others wait; they go together.
            let full = lanes.iter().any(|ids| ids.len() >= TICKET_IDS);
            more = if full { None } else { incoming.try_recv().ok() };
        }
        if Instant::now() < resting_until {
            continue;
        }
        if !carry_all(carrier.as_ref(), lanes).await {
            resting_until = Instant::now() + REST;
        }
    }
}

/// Carries the ids of all lanes; `false` if the carrier does not answer.
async fn carry_all(carrier: &dyn Carrier, lanes: [Vec<JobId>; 4]) -> bool {
    for (lane, ids) in Lane::ALL.into_iter().zip(lanes) {
        for chunk in ids.chunks(TICKET_IDS) {
            match carrier.carry(lane, Ticket { job_ids: chunk.to_vec() }).await {
                Ok(()) => metrics::counter!("quittance_tickets_total", "lane" => lane.as_str())
                    .increment(1),
                Err(CarryError::Full) => break,
                Err(CarryError::Unavailable(error)) => {
                    tracing::warn!(%lane, %error, "tickets cannot be carried; the sweeper works");
                    return false;
                }
            }
        }
    }
    true
}
