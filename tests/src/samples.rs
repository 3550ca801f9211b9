//! One of each.

use std::time::Duration;

use entities::{CustomerId, EventId, MessageId, PaymentId, Provider, Timestamp, customer, dispute};
use jobs::{
    Alert, DetachMethods, FollowPayment, LookUpEvent, NewJob, Notify, Prune, Reconcile,
    ResendReceipt, SendCaseMail, SendFailure, SyncMethods, VerifyAudit, VerifyLedger,
};

use payments::{
    Store, checkout,
    core::{RefundPolicy, refunds::Reviewer},
    disputes, reconciliations,
    refunds::{self, Wish},
};
use sea_orm::EntityTrait;

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
        let (target, kind, subject, detail) = (word(), word(), word(), word());
        let notify = Notify { target, kind, subject, detail, at: 0 };
        vec![
            NewJob::of(&LookUpEvent { event_id: EventId::new() }, now),
            NewJob::of(&FollowPayment { payment_id: self.over, version: 1 }, now),
            NewJob::of(&ResendReceipt { payment_id: self.paid, minute: 1 }, now),
            NewJob::of(&SendFailure { payment_id: self.over, failed_at: 1 }, now),
            NewJob::of(&SendCaseMail { message_id: MessageId::new() }, now),
            NewJob::of(&SyncMethods { event_id: EventId::new() }, now),
            NewJob::of(&DetachMethods { customer_id: CustomerId::new() }, now),
            NewJob::of(&Alert { kind: word(), subject: word(), detail: word() }, now),
            NewJob::of(&Reconcile { provider, window_seconds: 60, tick: word() }, now),
            NewJob::of(&notify, now),
            NewJob::of(&VerifyLedger { tick: word() }, now),
            NewJob::of(&VerifyAudit { tick: word() }, now),
            NewJob::of(&Prune { tick: word() }, now),
        ]
    }

    /// Has a minute looked at again at Stripe, which is a job with a row of its own.
    pub async fn look(self, store: &Store) {
        let now = store.clock.now();
        let minute = reconciliations::Wish::Window(now - Duration::from_mins(1)..now);
        reconciliations::ask(store, Provider::Stripe, minute, "sample").await.unwrap();
    }

    /// Has two disputes that the provider knows answered, which takes a job each: one with evidence,
    /// the other is given in to.
    pub async fn answer(store: &Store, [contested, given_in]: &[dispute::Model; 2]) {
        let file = disputes::File {
            name: "receipt.pdf",
            field: "receipt",
            media: "application/pdf",
            content: b"%PDF-1.7",
        };
        let evidence = disputes::Wish::Evidence("sample", &[file]);
        for (dispute, wish) in [(contested, evidence), (given_in, disputes::Wish::Accept)] {
            let shown = (dispute.id, dispute.version);
            disputes::ask(store, "sample", shown, wish).await.unwrap().unwrap();
        }
    }

    /// Has the payment that was paid refunded: what sends it and what tells of it are jobs, too.
    pub async fn refund(self, store: &Store) {
        let payment = checkout::find(store, self.paid).await.unwrap().unwrap();
        let find = customer::Entity::find_by_id(payment.customer_id);
        let owner = find.one(store.db.reader()).await.unwrap().unwrap();
        let wish = Wish { payment_id: self.paid, reason: "sample", details: None };
        let policy = RefundPolicy::default();
        let asked = refunds::ask(store, &owner.user_ref, wish, &policy).await.unwrap();
        let reviewer = Reviewer { user_ref: "sample", version: 0 };
        let id = asked.unwrap().0.id;
        refunds::approve(store, reviewer, id, None, &policy).await.unwrap().unwrap();
    }
}
