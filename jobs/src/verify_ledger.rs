use std::time::Duration;

use entities::job::Lane;
use serde::{Deserialize, Serialize};

use crate::Job;

/// Recomputes every balance from the ledger's entries, and alerts if one differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyLedger {
    /// Which tick of the schedule asked: one run each.
    pub tick: String,
}

impl Job for VerifyLedger {
    const NAME: &'static str = "verify-ledger";
    const LANE: Lane = Lane::Upkeep;
    const MAX_ATTEMPTS: u32 = 3;
    const TIMEOUT: Duration = Duration::from_mins(9);

    fn dedup_key(&self) -> String {
        self.tick.clone()
    }
}
