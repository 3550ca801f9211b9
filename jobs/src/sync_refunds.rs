use std::time::Duration;

use entities::{EventId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Asks the provider for the refunds of a payment, of which an event says only that they changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRefunds {
    /// The event that said so.
    pub event_id: EventId,
}

impl Job for SyncRefunds {
    const NAME: &'static str = "sync-refunds";
    const LANE: Lane = Lane::Money;
    // Longer than a call to a provider takes with all its tries.
    const TIMEOUT: Duration = Duration::from_secs(55);

    fn dedup_key(&self) -> String {
        self.event_id.to_string()
    }
}
