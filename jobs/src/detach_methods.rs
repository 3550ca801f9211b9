use entities::{CustomerId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Takes every saved method of a customer off at their providers (`AC9.3.6`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachMethods {
    /// Whose.
    pub customer_id: CustomerId,
}

impl Job for DetachMethods {
    const NAME: &'static str = "detach-methods";
    const LANE: Lane = Lane::Money;
    // A promise to a person: a provider that is away for days is waited for.
    const MAX_ATTEMPTS: u32 = 20;

    /// An account is closed once.
    fn dedup_key(&self) -> String {
        self.customer_id.to_string()
    }
}
