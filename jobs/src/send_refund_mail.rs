use entities::{RefundId, RefundRequestId, job::Lane};
use serde::{Deserialize, Serialize};

use crate::Job;

/// Tells a customer how far a refund has come (`AC9.5.4`, `AC9.5.6`, `AC9.5.7`, `AC9.6.4`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRefundMail {
    /// What happened.
    pub occasion: RefundOccasion,
}

/// What a customer is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOccasion {
    /// We have the request.
    Requested(RefundRequestId),
    /// It was approved.
    Approved(RefundRequestId),
    /// It was denied, with a reason.
    Denied(RefundRequestId),
    /// Somebody else takes a second look.
    Appealed(RefundRequestId),
    /// It was denied for good.
    Rejected(RefundRequestId),
    /// The money is on its way: the receipt.
    Paid(RefundId),
    /// The money could not be sent, or came back.
    Failed(RefundId),
}

impl Job for SendRefundMail {
    const NAME: &'static str = "send-refund-mail";
    const LANE: Lane = Lane::Mail;
    // Worth waiting for a mail server that is down overnight.
    const MAX_ATTEMPTS: u32 = 15;

    /// One mail on each occasion, ever.
    fn dedup_key(&self) -> String {
        let (word, id) = match self.occasion {
            RefundOccasion::Requested(id) => ("requested", id.to_string()),
            RefundOccasion::Approved(id) => ("approved", id.to_string()),
            RefundOccasion::Denied(id) => ("denied", id.to_string()),
            RefundOccasion::Appealed(id) => ("appealed", id.to_string()),
            RefundOccasion::Rejected(id) => ("rejected", id.to_string()),
            RefundOccasion::Paid(id) => ("paid", id.to_string()),
            RefundOccasion::Failed(id) => ("failed", id.to_string()),
        };
        format!("{word}:{id}")
    }
}
