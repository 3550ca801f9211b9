//! Runs the jobs: lanes, batches, schedules, the sweeper; one file for each job.
//!
//! **Invariant:** nothing here decides what should happen; `payments` does. A run may be repeated
//! at any point, so everything a job does must be harmless the second time.

mod accept_dispute;
mod alert;
mod answer_dispute;
mod apply_event;
mod charged;
mod context;
mod detach_methods;
mod entry;
mod follow;
mod follow_payment;
mod invoices;
mod job;
mod lane;
mod look_up_event;
mod looking;
mod mailer;
mod noter;
mod notifier;
mod notify;
mod perform;
mod process_refund;
mod prune;
mod queue;
mod reconcile;
mod resend_receipt;
mod run_reconciliation;
mod schedules;
mod sealer;
mod send_case_mail;
mod send_failure;
mod send_receipt;
mod send_refund_mail;
mod smtp;
mod sweeper;
mod sync_methods;
mod verify_audit;
mod verify_ledger;
mod workers;

pub use charged::Rest;
pub use context::Context;
pub use entry::{Entry, JOBS};
pub use job::{JobError, Ran, Run};
pub use lane::{Lanes, Offered};
pub use mailer::{Mailer, MailerError};
pub use notifier::Notifier;
pub use perform::{drain_once, run_one};
pub use smtp::UrlError as SmtpUrlError;
pub use workers::{Options, Source, Workers};
