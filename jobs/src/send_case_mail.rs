use entities::{MessageId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Mails a message about a case to its customer (`AC9.6.6`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendCaseMail {
    /// The message.
    pub message_id: MessageId,
}

impl Job for SendCaseMail {
    const NAME: &'static str = "send-case-mail";
    const LANE: Lane = Lane::Mail;
    // Worth waiting for a mail server that is down overnight.
    const MAX_ATTEMPTS: u32 = 15;

    /// One mail for each message, ever.
    fn dedup_key(&self) -> String {
        self.message_id.to_string()
    }
}
