use std::time::Duration;

use entities::{RefundId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Sends the money of an approved refund back, and finds out what became of it (`AC9.5.3`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRefund {
    /// The refund.
    pub refund_id: RefundId,
}

impl Job for ProcessRefund {
    const NAME: &'static str = "process-refund";
    const LANE: Lane = Lane::Money;
    // Longer than a call to a provider takes with all its tries.
    const TIMEOUT: Duration = Duration::from_secs(70);

    /// One job for each refund, ever.
    fn dedup_key(&self) -> String {
        self.refund_id.to_string()
    }
}
