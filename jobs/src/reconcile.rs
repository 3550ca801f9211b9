use std::time::Duration;

use entities::{Provider, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Fetches the events that a provider made and that never reached us (`AC9.6.7`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconcile {
    /// Whom to ask.
    pub provider: Provider,
    /// How far back to look, in seconds.
    pub window_seconds: u64,
    /// Which tick of the schedule asked, or which person's request: one run each.
    pub tick: String,
}

impl Job for Reconcile {
    const NAME: &'static str = "reconcile";
    const LANE: Lane = Lane::Upkeep;
    const MAX_ATTEMPTS: u32 = 3;
    // 35 days of events are some thousand pages.
    const TIMEOUT: Duration = Duration::from_mins(9);

    fn dedup_key(&self) -> String {
        format!("{}:{}:{}", self.provider, self.window_seconds, self.tick)
    }
}
