//! Tables, typed ids and Money: the nouns every other crate speaks in.
//!
//! **Invariants:** this crate runs no query and depends on no other crate of the workspace. Money
//! is `i64` minor units with an ISO currency and never a float. Times are UTC microseconds, kept
//! as integers so that both databases compare them alike.

pub mod adjustment;
pub mod attack;
pub mod audit_log;
pub mod balance;
pub mod billing;
pub mod block;
pub mod case_message;
pub mod checkout_session;
pub mod control;
pub mod credit_lot;
pub mod customer;
pub mod data_key;
pub mod dispute;
pub mod dispute_answer;
pub mod dispute_file;
pub mod fact;
pub mod invoice;
pub mod job;
pub mod lease;
pub mod ledger_entry;
pub mod ledger_transfer;
pub mod mail;
pub mod method;
pub mod money_back;
pub mod package;
pub mod payment;
pub mod payment_method;
pub mod portal_session;
pub mod provider_customer;
pub mod provider_event;
pub mod reconciliation;
pub mod reconciliation_gap;
pub mod refund;
pub mod refund_request;
pub mod review;

mod ids;
mod money;
mod provider;
mod timestamp;

pub use ids::{
    AdjustmentId, AnswerId, AttackId, AuditId, BlockId, CustomerId, DisputeFileId, DisputeId,
    EventId, GapId, InvoiceId, JobId, LotId, MailId, MessageId, MethodId, ParseIdError, PaymentId,
    ProviderCustomerId, ReconciliationId, RefundId, RefundRequestId, ReviewId, SessionId,
    TransferId,
};
pub use money::{Currency, Money, MoneyError};
pub use provider::Provider;
pub use timestamp::Timestamp;
