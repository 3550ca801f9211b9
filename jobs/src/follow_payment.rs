use std::time::Duration;

use entities::{PaymentId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Finds out what became of a payment whose confirmation was not readably answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowPayment {
    /// The payment.
    pub payment_id: PaymentId,
    /// Its version when it was confirmed: another try is another thing to find out.
    pub version: i64,
}

impl Job for FollowPayment {
    const NAME: &'static str = "follow-payment";
    const LANE: Lane = Lane::Money;
    // Longer than a call to a provider takes with all its tries.
    const TIMEOUT: Duration = Duration::from_secs(55);

    fn dedup_key(&self) -> String {
        format!("{}:{}", self.payment_id, self.version)
    }
}
