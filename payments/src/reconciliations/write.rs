use std::ops::Range;

use boot::sql::{self, Column, Rows, Type, col, nullable};
use entities::{
    EventId, GapId, JobId, PaymentId, Provider, ReconciliationId, Timestamp,
    reconciliation::{ActiveModel, Column as Run, Entity, Model, Scope, State},
    reconciliation_gap::Kind,
};
use jobs::{Enqueued, Job, RunReconciliation};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    Set,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Error, Store,
    audit::{self, Line},
    inbox::{self, Delivery, Recorded},
};

/// What a person wants looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Everything of a span of time.
    Window(Range<Timestamp>),
    /// One payment.
    Payment(PaymentId),
    /// One event, by the provider's id.
    Event(String),
}

/// Writes down that `by` wants to have `wish` looked at, at `provider`; the job is to be announced.
pub async fn ask(
    store: &Store,
    provider: Provider,
    wish: Wish,
    by: &str,
) -> Result<(Model, Option<Enqueued>), Error> {
    let now = store.clock.now();
    let row = new(provider, by, now);
    let row = match wish {
        Wish::Window(span) if span.start >= span.end => {
            return Err(Error::Invalid("the range ends before it begins"));
        }
        Wish::Window(span) => {
            ActiveModel { since: Set(Some(span.start)), until: Set(Some(span.end)), ..row }
        }
        Wish::Payment(id) => {
            ActiveModel { scope: Set(Scope::Payment), payment_id: Set(Some(id)), ..row }
        }
        Wish::Event(id) => {
            ActiveModel { scope: Set(Scope::Event), event_ref: Set(Some(id)), ..row }
        }
    };
    let txn = store.db.begin().await?;
    let row = row.insert(&txn).await?;
    let enqueued = RunReconciliation { run_id: row.id }.enqueue(&txn, now).await?;
    let line = Line {
        actor: by.to_owned(),
        action: "reconciliation.ask".to_owned(),
        subject: row.id.to_string(),
        before: None,
        after: Some(format!("{} {}", row.provider, row.scope.as_str())),
    };
    audit::write(&txn, vec![line], now).await?;
    txn.commit().await?;
    Ok((row, enqueued))
}

/// The run of the schedule's job `job_id`; a second call for one job returns the first one's.
pub async fn begin_scheduled(
    store: &Store,
    job_id: JobId,
    provider: Provider,
    span: Range<Timestamp>,
) -> Result<Model, Error> {
    let now = store.clock.now();
    let row = ActiveModel {
        job_id: Set(Some(job_id)),
        since: Set(Some(span.start)),
        until: Set(Some(span.end)),
        ..new(provider, "schedule", now)
    };
    let keep_the_first = OnConflict::column(Run::JobId).do_nothing().to_owned();
    Entity::insert_many([row])
        .on_conflict(keep_the_first)
        .exec_without_returning(store.db.writer())
        .await?;
    let found = Entity::find().filter(Run::JobId.eq(job_id)).one(store.db.writer()).await?;
    let found = found.ok_or_else(|| Error::Inconsistent("a run has vanished".to_owned()))?;
    begin(store, found.id).await
}

/// Marks run `id` as begun, again if it broke off.
pub async fn begin(store: &Store, id: ReconciliationId) -> Result<Model, Error> {
    let now = store.clock.now();
    let begun = Entity::update_many()
        .col_expr(Run::State, Expr::value(State::Running))
        .col_expr(Run::StartedAt, Expr::value(now))
        .col_expr(Run::Events, Expr::value(0_i64))
        .col_expr(Run::Payments, Expr::value(0_i64))
        .col_expr(Run::Error, Expr::value(Option::<String>::None))
        .filter(Run::Id.eq(id))
        .exec_with_returning(store.db.writer())
        .await?;
    begun.into_iter().next().ok_or(Error::Invalid("there is no such run"))
}

/// Notes how far run `id` has come: events and payments looked at, and down to when.
pub async fn progress(
    store: &Store,
    id: ReconciliationId,
    (events, payments): (i64, i64),
    reached: Option<Timestamp>,
) -> Result<(), Error> {
    let body = "UPDATE reconciliations SET events = ?2, payments = ?3, reached = COALESCE(?4, \
                reached) WHERE id = ?1";
    let reached = reached.map(Timestamp::micros);
    let values = vec![id.uuid().into(), events.into(), payments.into(), reached.into()];
    store.db.writer().execute_raw(sql::statement(store.db.backend(), body, values)).await?;
    Ok(())
}

/// Marks run `id` as done, if and only if `txn` commits.
pub async fn finish(
    txn: &DatabaseTransaction,
    id: ReconciliationId,
    now: Timestamp,
) -> Result<(), Error> {
    end(txn, id, State::Done, None, now).await
}

/// Marks run `id` as broken off.
pub async fn failed(store: &Store, id: ReconciliationId, error: &str) -> Result<(), Error> {
    let now = store.clock.now();
    end(store.db.writer(), id, State::Failed, Some(error.to_owned()), now).await
}

async fn end(
    connection: &impl ConnectionTrait,
    id: ReconciliationId,
    state: State,
    error: Option<String>,
    now: Timestamp,
) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Run::State, Expr::value(state))
        .col_expr(Run::Error, Expr::value(error))
        .col_expr(Run::FinishedAt, Expr::value(now))
        .filter(Run::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Puts what the inbox does not have there, each with its gap, and says how many that were; the jobs
/// are to be announced.
pub async fn record_events(
    store: &Store,
    run: ReconciliationId,
    deliveries: &[Delivery],
) -> Result<(usize, Vec<Enqueued>), Error> {
    if deliveries.is_empty() {
        return Ok((0, Vec::new()));
    }
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let (recorded, enqueued) = inbox::record_in(store, &txn, deliveries).await?;
    let mut gaps = Vec::new();
    for (delivery, recorded) in deliveries.iter().zip(recorded) {
        let Recorded::New(event_id) = recorded else { continue };
        gaps.push(Gap {
            kind: Kind::Event,
            reference: delivery.envelope.event_id.clone(),
            event_id: Some(event_id),
            payment_id: None,
            what: delivery.envelope.kind.clone(),
            occurred_at: delivery.envelope.occurred_at,
        });
    }
    let healed = gaps.len();
    record_gaps(&txn, run, gaps, now).await?;
    txn.commit().await?;
    Ok((healed, enqueued))
}

/// Something that was missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What it is.
    pub kind: Kind,
    /// The provider's id of the event, or ours of the payment, refund or dispute.
    pub reference: String,
    /// The event in our inbox.
    pub event_id: Option<EventId>,
    /// The payment it was found by.
    pub payment_id: Option<PaymentId>,
    /// What it says.
    pub what: String,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
}

const GAPS: &[Column] = &[
    col("id", Type::Uuid),
    col("kind", Type::Text),
    col("reference", Type::Text),
    nullable("event_id", Type::Uuid),
    nullable("payment_id", Type::Uuid),
    col("what", Type::Text),
    col("occurred_at", Type::Int),
];

/// Writes `gaps` of run `run` down, if and only if `txn` commits; each once, however often, as it was
/// told last.
pub async fn record_gaps(
    txn: &DatabaseTransaction,
    run: ReconciliationId,
    gaps: Vec<Gap>,
    now: Timestamp,
) -> Result<(), Error> {
    if gaps.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::new(GAPS);
    for gap in gaps {
        rows.push([
            GapId::new().uuid().into(),
            gap.kind.as_str().into(),
            gap.reference.into(),
            gap.event_id.map(EventId::uuid).into(),
            gap.payment_id.map(PaymentId::uuid).into(),
            gap.what.into(),
            gap.occurred_at.micros().into(),
        ]);
    }
    let body = "INSERT INTO reconciliation_gaps (id, run_id, kind, reference, event_id, \
                payment_id, what, occurred_at, found_at) SELECT id, ?1, kind, reference, event_id, \
                payment_id, what, occurred_at, ?2 FROM v WHERE true ON CONFLICT (run_id, kind, \
                reference) DO UPDATE SET what = excluded.what";
    let more = vec![run.uuid().into(), now.micros().into()];
    txn.execute_raw(rows.statement(txn.get_database_backend(), body, more)).await?;
    Ok(())
}

fn new(provider: Provider, by: &str, now: Timestamp) -> ActiveModel {
    ActiveModel {
        id: Set(ReconciliationId::new()),
        provider: Set(provider),
        scope: Set(Scope::Window),
        since: Set(None),
        until: Set(None),
        payment_id: Set(None),
        event_ref: Set(None),
        asked_by: Set(by.to_owned()),
        job_id: Set(None),
        state: Set(State::Waiting),
        events: Set(0),
        payments: Set(0),
        reached: Set(None),
        error: Set(None),
        created_at: Set(now),
        started_at: Set(None),
        finished_at: Set(None),
    }
}
