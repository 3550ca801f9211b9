use std::{collections::HashMap, ops::Range};

use boot::sql::{self, Rows, Type, col};
use entities::{
    GapId, PaymentId, Provider, ReconciliationId, Timestamp, dispute, payment, provider_event,
    provider_event::State,
    reconciliation::{Column, Entity, Model},
    reconciliation_gap::{self, Column as Gap},
    refund,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};

use super::{ON_ITS_WAY, STUCK};
use crate::{Error, Store, page::cut};

/// Most runs, or gaps, on a page.
const MOST: u64 = 500;

const IDS: &[sql::Column] = &[col("id", Type::Uuid)];

/// A run, and how many gaps it found and healed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The run.
    pub run: Model,
    /// Its gaps.
    pub gaps: i64,
}

/// A page, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on it.
    pub items: Vec<T>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<C>,
}

/// The runs: one page, after `after`; only those that found something, if `gaps_only`.
pub async fn page(
    store: &Store,
    gaps_only: bool,
    after: Option<ReconciliationId>,
    limit: u64,
) -> Result<Page<Found, ReconciliationId>, Error> {
    let limit = limit.clamp(1, MOST);
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit + 1);
    if gaps_only {
        let with_gaps = reconciliation_gap::Entity::find()
            .select_only()
            .column(Gap::RunId)
            .distinct()
            .into_query();
        find = find.filter(Column::Id.in_subquery(with_gaps));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    let runs = find.all(store.db.reader()).await?;
    let (runs, next) = cut(runs, limit, |run| run.id);
    Ok(Page { items: counted(store, runs).await?, next })
}

/// The run `id`.
pub async fn find(store: &Store, id: ReconciliationId) -> Result<Option<Found>, Error> {
    let Some(run) = Entity::find_by_id(id).one(store.db.reader()).await? else { return Ok(None) };
    Ok(counted(store, vec![run]).await?.pop())
}

async fn counted(store: &Store, runs: Vec<Model>) -> Result<Vec<Found>, Error> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Rows::new(IDS);
    for run in &runs {
        rows.push([run.id.uuid().into()]);
    }
    let body = "SELECT v.id, COUNT(*) AS gaps FROM v JOIN reconciliation_gaps g ON g.run_id = v.id \
                GROUP BY v.id";
    let statement = rows.statement(store.db.backend(), body, Vec::new());
    let mut counts = HashMap::new();
    for row in store.db.reader().query_all_raw(statement).await? {
        let id = ReconciliationId::from_uuid(row.try_get("", "id")?);
        counts.insert(id, row.try_get::<i64>("", "gaps")?);
    }
    let found = |run: Model| Found { gaps: counts.get(&run.id).copied().unwrap_or(0), run };
    Ok(runs.into_iter().map(found).collect())
}

/// The gaps of run `id`, each with what became of its event: one page, after `after`.
pub async fn gaps(
    store: &Store,
    id: ReconciliationId,
    after: Option<GapId>,
    limit: u64,
) -> Result<Page<(reconciliation_gap::Model, Option<State>), GapId>, Error> {
    let limit = limit.clamp(1, MOST);
    let mut find = reconciliation_gap::Entity::find()
        .filter(Gap::RunId.eq(id))
        .order_by_desc(Gap::Id)
        .limit(limit + 1);
    if let Some(after) = after {
        find = find.filter(Gap::Id.lt(after));
    }
    let gaps = find.all(store.db.reader()).await?;
    let (gaps, next) = cut(gaps, limit, |gap| gap.id);
    let ids: Vec<_> = gaps.iter().filter_map(|gap| gap.event_id).collect();
    let events = provider_event::Entity::find()
        .filter(provider_event::Column::Id.is_in(ids))
        .all(store.db.reader())
        .await?;
    let state = |gap: &reconciliation_gap::Model| {
        events.iter().find(|event| Some(event.id) == gap.event_id).map(|event| event.state)
    };
    let items = gaps.into_iter().map(|gap| (state(&gap), gap)).map(|(s, gap)| (gap, s)).collect();
    Ok(Page { items, next })
}

/// How many gaps of run `id` were not just on their way when they were found.
pub async fn late(store: &Store, id: ReconciliationId) -> Result<i64, Error> {
    let body = "SELECT COUNT(*) AS n FROM reconciliation_gaps WHERE run_id = ?1 AND found_at - \
                occurred_at >= ?2";
    let late = i64::try_from(ON_ITS_WAY.as_micros()).unwrap_or(i64::MAX);
    let statement = sql::statement(store.db.backend(), body, vec![id.uuid().into(), late.into()]);
    let row = store.db.reader().query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or(0))
}

/// How many events were received and have not come to an end for too long.
pub async fn stuck(store: &Store, now: Timestamp) -> Result<i64, Error> {
    let body = "SELECT COUNT(*) AS n FROM provider_events WHERE state IN ('received', 'parked') \
                AND received_at < ?1";
    let values = vec![(now - STUCK).micros().into()];
    let row = store.db.reader().query_one_raw(sql::statement(store.db.backend(), body, values));
    Ok(row.await?.map(|row| row.try_get("", "n")).transpose()?.unwrap_or(0))
}

/// The payments at `provider` with a refund whose end we do not know, and that last changed within
/// `span`, newest first.
pub async fn open_refunds(
    store: &Store,
    provider: Provider,
    span: Range<Timestamp>,
    limit: u64,
) -> Result<Vec<payment::Model>, Error> {
    let open = [refund::State::Submitting, refund::State::Unknown, refund::State::Pending];
    let refunded = refund::Entity::find()
        .select_only()
        .column(refund::Column::PaymentId)
        .filter(refund::Column::Provider.eq(provider))
        .filter(refund::Column::State.is_in(open))
        .filter(
            refund::Column::UpdatedAt.gte(span.start).and(refund::Column::UpdatedAt.lt(span.end)),
        )
        .into_query();
    let find = payment::Entity::find()
        .filter(payment::Column::Id.in_subquery(refunded))
        .order_by_desc(payment::Column::Id)
        .limit(limit);
    Ok(find.all(store.db.reader()).await?)
}

/// The refunds of payment `id`.
pub async fn refunds_of(
    txn: &DatabaseTransaction,
    id: PaymentId,
) -> Result<Vec<refund::Model>, Error> {
    let of = refund::Column::PaymentId.eq(id);
    Ok(refund::Entity::find().filter(of).all(txn).await?)
}

const UNDECIDED: [dispute::State; 3] =
    [dispute::State::Warning, dispute::State::NeedsResponse, dispute::State::UnderReview];

/// The disputes at `provider` that no bank has decided, as far as we know, and that last changed
/// before `until`, and not before `since`; newest first.
pub async fn open_disputes(
    store: &Store,
    provider: Provider,
    since: Option<Timestamp>,
    until: Timestamp,
    limit: u64,
) -> Result<Vec<dispute::Model>, Error> {
    let mut find = dispute::Entity::find()
        .filter(dispute::Column::Provider.eq(provider))
        .filter(dispute::Column::State.is_in(UNDECIDED))
        .filter(dispute::Column::UpdatedAt.lt(until))
        .order_by_desc(dispute::Column::Id)
        .limit(limit);
    if let Some(since) = since {
        find = find.filter(dispute::Column::UpdatedAt.gte(since));
    }
    Ok(find.all(store.db.reader()).await?)
}

/// The disputes of payment `id`, decided or not.
pub async fn disputes_of(store: &Store, id: PaymentId) -> Result<Vec<dispute::Model>, Error> {
    let of = dispute::Column::PaymentId.eq(id);
    Ok(dispute::Entity::find().filter(of).all(store.db.reader()).await?)
}
