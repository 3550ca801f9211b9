use async_trait::async_trait;
use entities::job::Lane;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::{Carrier, CarryError, Ticket, WINDOW};

/// Carries tickets within the process.
#[derive(Debug)]
pub struct MemoryCarrier {
    lanes: [mpsc::Sender<Ticket>; 4],
}

/// Where the tickets of a [`MemoryCarrier`] come out.
#[derive(Debug)]
pub struct MemoryTickets {
    lanes: [mpsc::Receiver<Ticket>; 4],
}

impl MemoryCarrier {
    /// A carrier, and the other end of it.
    pub fn new() -> (Self, MemoryTickets) {
        let pairs = Lane::ALL.map(|_| mpsc::channel(WINDOW));
        let [a, b, c, d] = pairs;
        (Self { lanes: [a.0, b.0, c.0, d.0] }, MemoryTickets { lanes: [a.1, b.1, c.1, d.1] })
    }
}

impl MemoryTickets {
    /// The tickets of each lane.
    pub fn into_lanes(self) -> impl Iterator<Item = (Lane, mpsc::Receiver<Ticket>)> {
        Lane::ALL.into_iter().zip(self.lanes)
    }
}

#[async_trait]
impl Carrier for MemoryCarrier {
    async fn carry(&self, lane: Lane, ticket: Ticket) -> Result<(), CarryError> {
        self.lanes[lane as usize].try_send(ticket).map_err(|error| match error {
            TrySendError::Full(_) => CarryError::Full,
            TrySendError::Closed(_) => CarryError::Unavailable("no worker is listening".into()),
        })
    }

    async fn outstanding(&self, lane: Lane) -> Result<usize, CarryError> {
        let sender = &self.lanes[lane as usize];
        Ok(sender.max_capacity() - sender.capacity())
    }
}
