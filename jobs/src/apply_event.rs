use entities::{EventId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Brings our rows to what an event of the inbox says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyEvent {
    /// The event.
    pub event_id: EventId,
}

impl Job for ApplyEvent {
    const NAME: &'static str = "apply-event";
    const LANE: Lane = Lane::Events;
    // No network call: what is not done in this time waits for a lock that somebody forgot.
    const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

    fn dedup_key(&self) -> String {
        self.event_id.to_string()
    }
}
