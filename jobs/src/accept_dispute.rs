use std::time::Duration;

use entities::{AnswerId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Tells the provider that a dispute is accepted, and finds out what became of it. Money goes out by
/// it, so a pause of refunds holds it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptDispute {
    /// The answer that accepts it.
    pub answer_id: AnswerId,
}

impl Job for AcceptDispute {
    const NAME: &'static str = "accept-dispute";
    const LANE: Lane = Lane::Money;
    // Longer than a call to a provider takes with all its tries.
    const TIMEOUT: Duration = Duration::from_secs(70);

    /// One job for each answer, ever.
    fn dedup_key(&self) -> String {
        self.answer_id.to_string()
    }
}
