use std::time::Duration;

use entities::job::Lane;
use serde::{Deserialize, Serialize};

use crate::Job;

/// Deletes what nobody will look at again: old events, finished jobs, and where
/// payers came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prune {
    /// Which tick of the schedule asked: one run each.
    pub tick: String,
}

impl Job for Prune {
    const NAME: &'static str = "prune";
    const LANE: Lane = Lane::Upkeep;
    const MAX_ATTEMPTS: u32 = 3;
    const TIMEOUT: Duration = Duration::from_mins(9);

    fn dedup_key(&self) -> String {
        self.tick.clone()
    }
}
