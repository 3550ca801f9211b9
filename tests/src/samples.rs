//! One of each.

use entities::{CustomerId, EventId, PaymentId, Provider, Timestamp};
use jobs::{
    Alert, DetachMethods, FollowPayment, LookUpEvent, NewJob, Prune, Reconcile, ResendReceipt,
    SendFailure, SyncMethods, VerifyLedger,
};

/// What jobs are about.
#[derive(Clone, Copy, Debug)]
pub struct Samples {
    /// A payment that was paid.
    pub paid: PaymentId,
    /// A payment that came to nothing.
    pub over: PaymentId,
}

impl Samples {
    /// A job of each kind that does not follow from a payment's success by itself. There is nothing
    /// to do for those that name an event or a customer, as there is none.
    pub fn jobs(self, now: Timestamp) -> Vec<NewJob> {
        let word = || "sample".to_owned();
        let provider = Provider::Stripe;
        vec![
            NewJob::of(&LookUpEvent { event_id: EventId::new() }, now),
            NewJob::of(&FollowPayment { payment_id: self.over, version: 1 }, now),
            NewJob::of(&ResendReceipt { payment_id: self.paid, minute: 1 }, now),
            NewJob::of(&SendFailure { payment_id: self.over, failed_at: 1 }, now),
            NewJob::of(&SyncMethods { event_id: EventId::new() }, now),
            NewJob::of(&DetachMethods { customer_id: CustomerId::new() }, now),
            NewJob::of(&Alert { kind: word(), subject: word(), detail: word() }, now),
            NewJob::of(&Reconcile { provider, window_seconds: 60, tick: word() }, now),
            NewJob::of(&VerifyLedger { tick: word() }, now),
            NewJob::of(&Prune { tick: word() }, now),
        ]
    }
}
