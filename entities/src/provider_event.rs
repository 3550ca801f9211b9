//! The inbox: every event a provider delivered (`002-DB4`).

use sea_orm::entity::prelude::*;

use crate::{EventId, Provider, Timestamp};

/// What is written on the outside of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The provider's id of the event; unique per provider and account.
    pub event_id: String,
    /// The provider's word for what happened.
    pub kind: String,
    /// The connected account it happened to; `None` for our own.
    pub account: Option<String>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// When the provider says it happened.
    pub occurred_at: Timestamp,
}

/// What has become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Stored, not yet looked at.
    #[sea_orm(string_value = "received")]
    Received,
    /// Its news stands in our rows.
    #[sea_orm(string_value = "applied")]
    Applied,
    /// It says nothing that concerns us.
    #[sea_orm(string_value = "ignored")]
    Ignored,
    /// Not applicable yet: its payment is unknown to us.
    #[sea_orm(string_value = "parked")]
    Parked,
    /// It can never be applied; somebody was told.
    #[sea_orm(string_value = "dead")]
    Dead,
}

/// How an event reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Source {
    /// The provider delivered it.
    #[sea_orm(string_value = "webhook")]
    Webhook,
    /// We asked the provider for what we missed.
    #[sea_orm(string_value = "poll")]
    Poll,
    /// An operator fed it in again.
    #[sea_orm(string_value = "replay")]
    Replay,
}

impl Source {
    /// The source's name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Poll => "poll",
            Self::Replay => "replay",
        }
    }
}

/// One event; provider, account, mode and the provider's id of it are unique together.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_events")]
pub struct Model {
    /// Our id of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    /// Who sent it.
    pub provider: Provider,
    /// The connected account it is about; empty for our own.
    pub account: String,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The provider's id of it (`evt_…`).
    pub event_id: String,
    /// The provider's name for its kind (`payment_intent.succeeded`).
    pub kind: String,
    /// When the provider says it happened.
    pub occurred_at: Timestamp,
    /// The body as it came; encrypted.
    pub body: Vec<u8>,
    /// SHA-256 of the body, in hexadecimal.
    pub sha256: String,
    /// What has become of it.
    pub state: State,
    /// Why it is dead or parked.
    pub error: Option<String>,
    /// How it reached us.
    pub source: Source,
    /// How often it was found not applicable yet.
    pub parks: i64,
    /// When it reached us.
    pub received_at: Timestamp,
    /// When it reached its end.
    pub settled_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
