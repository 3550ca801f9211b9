use entities::job::Lane;
use serde::{Deserialize, Serialize};

use crate::Job;

/// Tells one of the operator's own systems of an alert, by a signed webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Which address of the settings: the beginning of its hash, since an address may hold a secret.
    pub target: String,
    /// What kind of thing: `amount-mismatch`, `dead-job`, …
    pub kind: String,
    /// Which one: a prefixed id of ours.
    pub subject: String,
    /// What was seen, in a sentence without personal data.
    pub detail: String,
    /// When, in microseconds since 1970.
    pub at: i64,
}

impl Job for Notify {
    const NAME: &'static str = "notify";
    const LANE: Lane = Lane::Mail;

    /// Once for each thing of a kind and each address.
    fn dedup_key(&self) -> String {
        format!("{}:{}:{}", self.target, self.kind, self.subject)
    }
}
