use std::time::Duration;

use entities::{AnswerId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Sends evidence about a dispute, and finds out what became of it.
///
/// Rows from before there was [`AcceptDispute`](crate::AcceptDispute) may name an answer that accepts
/// one; they hand it over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerDispute {
    /// The answer.
    pub answer_id: AnswerId,
}

impl Job for AnswerDispute {
    const NAME: &'static str = "answer-dispute";
    const LANE: Lane = Lane::Money;
    // Longer than a call to a provider takes with all its tries.
    const TIMEOUT: Duration = Duration::from_secs(70);

    /// One job for each answer, ever.
    fn dedup_key(&self) -> String {
        self.answer_id.to_string()
    }
}
