use entities::job::Lane;
use serde::{Deserialize, Serialize};

use crate::Job;

/// Tells the operator of something a person has to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What kind of thing: `amount-mismatch`, `dead-job`, …
    pub kind: String,
    /// Which one: a prefixed id of ours, never a provider's or a person's.
    pub subject: String,
    /// What was seen, in a sentence without personal data.
    pub detail: String,
}

impl Job for Alert {
    const NAME: &'static str = "alert";
    const LANE: Lane = Lane::Mail;
    const MAX_ATTEMPTS: u32 = 15;

    /// One alert for each thing of a kind, however often it is seen.
    fn dedup_key(&self) -> String {
        format!("{}:{}", self.kind, self.subject)
    }
}
