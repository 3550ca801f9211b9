use entities::{EventId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Asks the provider about the payment of an event that none of our rows fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUpEvent {
    /// The parked event.
    pub event_id: EventId,
}

impl Job for LookUpEvent {
    const NAME: &'static str = "look-up-event";
    const LANE: Lane = Lane::Money;
    // Longer than a call to a provider takes with all its tries.
    const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(55);

    fn dedup_key(&self) -> String {
        self.event_id.to_string()
    }
}
