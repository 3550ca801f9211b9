//! Tickets: how jobs that are committed come to the attention of a worker.

use std::fmt;

use async_trait::async_trait;
use entities::{JobId, job::Lane};
use serde::{Deserialize, Serialize};

mod dispatcher;
mod memory;
mod redis;

pub use dispatcher::Dispatcher;
pub use memory::{MemoryCarrier, MemoryTickets};
pub use redis::{RedisCarrier, wake_channel};

/// Most ids on one ticket, and most jobs in one batch: past that a transaction gets long and the
/// gain per job is gone.
pub const TICKET_IDS: usize = 256;

/// Most tickets that may be on their way in one lane, or a few more. What does not fit waits in the database:
/// apalis-redis 1.0.0 fails for ever once 8,000 are due.
pub const WINDOW: usize = 1_000;

/// Ids of committed jobs of one lane; never what is in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The jobs, at most [`TICKET_IDS`].
    pub job_ids: Vec<JobId>,
}

/// Why a ticket was not taken. Either way its jobs are found again by the sweeper.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// The window is full: workers have enough to do.
    #[error("the window of tickets is full")]
    Full,
    /// Whoever carries tickets does not answer.
    #[error("tickets cannot be carried")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Carries tickets to workers, in this process or another.
#[async_trait]
pub trait Carrier: fmt::Debug + Send + Sync {
    /// Takes `ticket` to a worker of `lane`, unless the window is full.
    async fn carry(&self, lane: Lane, ticket: Ticket) -> Result<(), CarryError>;

    /// How many tickets of `lane` no worker has taken yet.
    async fn outstanding(&self, lane: Lane) -> Result<usize, CarryError>;

    /// Forgets what is kept of tickets of `lane` that were taken; says of how many.
    async fn tidy(&self, lane: Lane) -> Result<usize, CarryError> {
        let _ = lane;
        Ok(0)
    }
}
