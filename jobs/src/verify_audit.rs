use std::time::Duration;

use entities::job::Lane;
use serde::{Deserialize, Serialize};

use crate::Job;

/// Recomputes the chain of the audit log, and alerts if a line is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyAudit {
    /// Which tick of the schedule asked, or which person's request: one run each.
    pub tick: String,
}

impl Job for VerifyAudit {
    const NAME: &'static str = "verify-audit";
    const LANE: Lane = Lane::Upkeep;
    const MAX_ATTEMPTS: u32 = 3;
    const TIMEOUT: Duration = Duration::from_mins(9);

    fn dedup_key(&self) -> String {
        self.tick.clone()
    }
}
