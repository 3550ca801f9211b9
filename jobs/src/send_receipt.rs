use entities::{PaymentId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Mails a payer the receipt for a payment that succeeded (`AC9.1.3`, `AC9.4.1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendReceipt {
    /// The payment to acknowledge.
    pub payment_id: PaymentId,
}

impl Job for SendReceipt {
    const NAME: &'static str = "send-receipt";
    const LANE: Lane = Lane::Mail;
    // A receipt is worth waiting for a mail server that is down overnight.
    const MAX_ATTEMPTS: u32 = 15;

    /// One receipt for each payment, ever.
    fn dedup_key(&self) -> String {
        self.payment_id.to_string()
    }
}
