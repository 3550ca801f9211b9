//! Disputes at a provider.

use std::fmt;

use async_trait::async_trait;
use entities::{AnswerId, money_back::DisputeFact};

use crate::GatewayError;

/// What knows of payers who went to their bank, and answers them. A provider's adapter adds one
/// module for it.
#[async_trait]
pub trait Disputes: fmt::Debug + Send + Sync {
    /// What the provider says now of the dispute with its id `reference`.
    async fn retrieve_dispute(&self, reference: &str) -> Result<DisputeFact, GatewayError>;

    /// Says `answer`, and returns what the provider says of the dispute then. Asking twice with the
    /// same answer says it once, for as long as the provider remembers its key.
    async fn answer_dispute(&self, answer: &DisputeAnswer) -> Result<DisputeFact, GatewayError>;

    /// Looks whether the provider has `answer`, and returns what it says of the dispute if so.
    async fn find_answer(
        &self,
        answer: &DisputeAnswer,
    ) -> Result<Option<DisputeFact>, GatewayError>;
}

/// An answer to be said to a provider.
#[derive(Clone)]
pub struct DisputeAnswer {
    /// Our answer; what the provider keeps of it names it.
    pub answer_id: AnswerId,
    /// The provider's id of the dispute.
    pub reference: String,
    /// What is said.
    pub said: Said,
    /// The idempotency key, the same however often it is sent.
    pub key: String,
}

impl fmt::Debug for DisputeAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DisputeAnswer").field("answer_id", &self.answer_id).finish_non_exhaustive()
    }
}

/// What is said about a dispute.
#[derive(Clone)]
pub enum Said {
    /// The payer is right.
    Accepted,
    /// The payer is wrong: why, and what shows it.
    Evidence(String, Vec<EvidenceFile>),
}

/// A file that goes with evidence.
#[derive(Clone)]
pub struct EvidenceFile {
    /// What it is called: letters, digits, dots, `-` and `_`.
    pub name: String,
    /// Which part of the evidence it is, in Stripe's words (`receipt`).
    pub field: String,
    /// Its media type.
    pub media: String,
    /// What is in it.
    pub content: Vec<u8>,
}
