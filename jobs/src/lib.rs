//! What can be asked: one file for each job, the queue they wait in, and the tickets that wake
//! whoever does them.
//!
//! **Invariant:** nothing here says how a job is done; `worker` does, in a file of the same name.
//!
//! A job is a row, written in the transaction that makes it true. What travels between processes
//! is a [`Ticket`]: the ids of rows that are committed. Losing one costs time, never work.

pub mod queue;
pub mod tickets;

mod accept_dispute;
mod alert;
mod answer_dispute;
mod apply_event;
mod detach_methods;
mod follow_payment;
mod job;
mod look_up_event;
mod notify;
mod process_refund;
mod prune;
mod reconcile;
mod resend_receipt;
mod run_reconciliation;
mod send_case_mail;
mod send_failure;
mod send_receipt;
mod send_refund_mail;
mod sync_methods;
mod verify_audit;
mod verify_ledger;

pub use accept_dispute::AcceptDispute;
pub use alert::Alert;
pub use answer_dispute::AnswerDispute;
pub use apply_event::ApplyEvent;
pub use detach_methods::DetachMethods;
pub use entities::job::Lane;
pub use follow_payment::FollowPayment;
pub use job::{Enqueued, Job, NewJob};
pub use look_up_event::LookUpEvent;
pub use notify::Notify;
pub use process_refund::ProcessRefund;
pub use prune::Prune;
pub use reconcile::Reconcile;
pub use resend_receipt::ResendReceipt;
pub use run_reconciliation::RunReconciliation;
pub use send_case_mail::SendCaseMail;
pub use send_failure::SendFailure;
pub use send_receipt::SendReceipt;
pub use send_refund_mail::{RefundOccasion, SendRefundMail};
pub use sync_methods::SyncMethods;
pub use tickets::{Dispatcher, Ticket};
pub use verify_audit::VerifyAudit;
pub use verify_ledger::VerifyLedger;
