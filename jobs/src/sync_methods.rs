use entities::{EventId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Brings a customer's saved methods to what their provider keeps, after an event about one.
///
/// The event only says that something changed: what is true now is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncMethods {
    /// The event.
    pub event_id: EventId,
}

impl Job for SyncMethods {
    const NAME: &'static str = "sync-methods";
    const LANE: Lane = Lane::Money;

    /// Once for each event.
    fn dedup_key(&self) -> String {
        self.event_id.to_string()
    }
}
