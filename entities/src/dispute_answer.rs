//! Answers to disputes: evidence, or that one is accepted.

use sea_orm::entity::prelude::*;

use crate::{AnswerId, DisputeId, Timestamp};

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// The payer is wrong, and why.
    #[sea_orm(string_value = "evidence")]
    Evidence,
    /// The payer is right: they get the money.
    #[sea_orm(string_value = "accept")]
    Accept,
}

impl Kind {
    /// The name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Accept => "accept",
        }
    }
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Somebody asked for it; nothing was sent.
    #[sea_orm(string_value = "asked")]
    Asked,
    /// About to be sent, or sent and not answered.
    #[sea_orm(string_value = "submitting")]
    Submitting,
    /// Sent, and the provider's word was lost: it is looked up until it is known.
    #[sea_orm(string_value = "unknown")]
    Unknown,
    /// The provider has it.
    #[sea_orm(string_value = "sent")]
    Sent,
    /// The provider did not take it.
    #[sea_orm(string_value = "failed")]
    Failed,
}

impl State {
    /// The state's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Submitting => "submitting",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// Whether it is still to be sent, or looked for.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Submitting | Self::Unknown)
    }
}

/// One answer; a dispute has at most one that is open.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dispute_answers")]
pub struct Model {
    /// The answer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AnswerId,
    /// The dispute.
    pub dispute_id: DisputeId,
    /// What is answered.
    pub kind: Kind,
    /// How far it has come.
    pub state: State,
    /// What is said; encrypted. `None` if nothing is, or it was erased.
    pub words: Option<Vec<u8>>,
    /// The key under which it is sent, as often as need be.
    pub idempotency_key: String,
    /// Who asked for it, by the host application's id.
    pub asked_by: String,
    /// Why it failed, in the provider's code.
    pub failure: Option<String>,
    /// Raised by each change.
    pub version: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was first sent.
    pub first_sent_at: Option<Timestamp>,
    /// When the provider had it.
    pub sent_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
