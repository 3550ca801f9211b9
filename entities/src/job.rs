//! Jobs: work that outlives the request which asked for it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{JobId, Timestamp};

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Waiting for its time, or for a worker.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// Leased to a worker.
    #[sea_orm(string_value = "running")]
    Running,
    /// It succeeded.
    #[sea_orm(string_value = "done")]
    Done,
    /// It failed for good and waits for a person.
    #[sea_orm(string_value = "dead")]
    Dead,
    /// A person called it off.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// Which kind of work a job is; each lane has its own concurrency.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Applying provider events, in batches, without a network call.
    #[sea_orm(string_value = "events")]
    Events,
    /// Provider calls that move money or look it up.
    #[sea_orm(string_value = "money")]
    Money,
    /// Sending mail.
    #[sea_orm(string_value = "mail")]
    Mail,
    /// Everything periodic.
    #[sea_orm(string_value = "upkeep")]
    Upkeep,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 4] = [Self::Events, Self::Money, Self::Mail, Self::Upkeep];

    /// The lane's name in rows, Redis keys and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Money => "money",
            Self::Mail => "mail",
            Self::Upkeep => "upkeep",
        }
    }
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One job.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// The job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// What is to be done; stored for ever, never renamed.
    pub name: String,
    /// Which kind of work it is.
    pub lane: Lane,
    /// Jobs of one name with equal keys are one job.
    pub dedup_key: String,
    /// Its arguments as JSON: ids only, never personal data.
    pub payload: String,
    /// Where it is in its life.
    pub state: State,
    /// How many runs were started.
    pub attempts: i64,
    /// When it may run.
    pub run_at: Timestamp,
    /// Until when its worker has it to itself.
    pub lease_until: Option<Timestamp>,
    /// Who has it, or had it last.
    pub worker: Option<String>,
    /// Why the last run failed.
    pub last_error: Option<String>,
    /// The trace that asked for it (W3C `traceparent`).
    pub traceparent: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it reached its end.
    pub finished_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
