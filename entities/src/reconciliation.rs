//! Looks at a provider's side, to find what never reached us (`AC9.6.7`).

use sea_orm::entity::prelude::*;

use crate::{JobId, PaymentId, Provider, ReconciliationId, Timestamp};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Scope {
    /// Every event of a span of time, and our own payments and refunds whose end we do not know.
    #[sea_orm(string_value = "window")]
    Window,
    /// One payment.
    #[sea_orm(string_value = "payment")]
    Payment,
    /// One event.
    #[sea_orm(string_value = "event")]
    Event,
}

impl Scope {
    /// The scope's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Payment => "payment",
            Self::Event => "event",
        }
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Asked for, not begun.
    #[sea_orm(string_value = "waiting")]
    Waiting,
    /// At work.
    #[sea_orm(string_value = "running")]
    Running,
    /// Everything was looked at.
    #[sea_orm(string_value = "done")]
    Done,
    /// It broke off; its job may try again.
    #[sea_orm(string_value = "failed")]
    Failed,
}

impl State {
    /// The state's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reconciliations")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReconciliationId,
    /// Whose side was looked at.
    pub provider: Provider,
    /// What was looked at.
    pub scope: Scope,
    /// From when on, if it was a window.
    pub since: Option<Timestamp>,
    /// Until when, if it was a window.
    pub until: Option<Timestamp>,
    /// Which payment, if it was one.
    pub payment_id: Option<PaymentId>,
    /// Which event, by the provider's id, if it was one.
    pub event_ref: Option<String>,
    /// Who asked: `schedule`, `operator`, or `user:<ref>`.
    pub asked_by: String,
    /// The job of the schedule that it is the run of.
    pub job_id: Option<JobId>,
    /// How far it has come.
    pub state: State,
    /// How many events were looked at.
    pub events: i64,
    /// How many payments were asked about.
    pub payments: i64,
    /// Down to when events were looked at so far: they come newest first.
    pub reached: Option<Timestamp>,
    /// Why it broke off.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
