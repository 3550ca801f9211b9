use std::time::Duration;

use entities::{ReconciliationId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Looks at a provider's side as a person asked; the row of the run says at what (`AC9.6.7`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReconciliation {
    /// The run.
    pub run_id: ReconciliationId,
}

impl Job for RunReconciliation {
    const NAME: &'static str = "run-reconciliation";
    const LANE: Lane = Lane::Upkeep;
    const MAX_ATTEMPTS: u32 = 3;
    const TIMEOUT: Duration = Duration::from_mins(9);

    fn dedup_key(&self) -> String {
        self.run_id.to_string()
    }
}
