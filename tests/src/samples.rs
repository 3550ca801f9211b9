//! One of each.

use entities::{EventId, PaymentId, Provider, Timestamp};
use jobs::{Alert, FollowPayment, LookUpEvent, NewJob, Prune, Reconcile, VerifyLedger};

/// A job of each kind that does not follow from a payment's success by itself. There is nothing to
/// do for those that name an event, as there is none, nor about `payment`, which is over.
pub fn jobs(payment: PaymentId, now: Timestamp) -> Vec<NewJob> {
    let word = || "sample".to_owned();
    let provider = Provider::Stripe;
    vec![
        NewJob::of(&LookUpEvent { event_id: EventId::new() }, now),
        NewJob::of(&FollowPayment { payment_id: payment, version: 1 }, now),
        NewJob::of(&Alert { kind: word(), subject: word(), detail: word() }, now),
        NewJob::of(&Reconcile { provider, window_seconds: 60, tick: word() }, now),
        NewJob::of(&VerifyLedger { tick: word() }, now),
        NewJob::of(&Prune { tick: word() }, now),
    ]
}
