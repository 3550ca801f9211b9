use entities::{PaymentId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Mails a payer their receipt again, because they asked (`AC9.4.6`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResendReceipt {
    /// The payment.
    pub payment_id: PaymentId,
    /// Which wish it is: minutes since 1970, so that ten clicks are one mail.
    pub minute: i64,
}

impl Job for ResendReceipt {
    const NAME: &'static str = "resend-receipt";
    const LANE: Lane = Lane::Mail;

    /// One mail for each payment and minute.
    fn dedup_key(&self) -> String {
        format!("{}:{}", self.payment_id, self.minute)
    }
}
