use entities::{PaymentId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Mails a payer that a payment failed after they had left, as a bank debit does after days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendFailure {
    /// The payment.
    pub payment_id: PaymentId,
    /// When it failed, in microseconds since 1970: another try may fail again.
    pub failed_at: i64,
}

impl Job for SendFailure {
    const NAME: &'static str = "send-failure";
    const LANE: Lane = Lane::Mail;
    const MAX_ATTEMPTS: u32 = 15;

    /// One mail for each failure.
    fn dedup_key(&self) -> String {
        format!("{}:{}", self.payment_id, self.failed_at)
    }
}
