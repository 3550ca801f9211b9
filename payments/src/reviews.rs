//! Reviews: what contradicts our rows and waits for a person.

use boot::sql::{Column, Rows, Type, col, nullable};
use entities::{EventId, PaymentId, ReviewId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("payment_id", Type::Uuid),
    col("rule", Type::Text),
    col("detail", Type::Text),
    nullable("event_id", Type::Uuid),
];

/// A case to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The payment it is about.
    pub payment_id: PaymentId,
    /// Which rule was broken.
    pub rule: &'static str,
    /// What was seen.
    pub detail: String,
    /// The event that showed it.
    pub event_id: Option<EventId>,
}

/// Opens `cases`, if and only if `txn` commits, and returns those that were not open before.
pub async fn open(
    txn: &DatabaseTransaction,
    cases: Vec<Case>,
    now: Timestamp,
) -> Result<Vec<(ReviewId, Case)>, DbErr> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let cases: Vec<_> = cases.into_iter().map(|case| (ReviewId::new(), case)).collect();
    let mut rows = Rows::new(COLUMNS);
    for (id, case) in &cases {
        rows.push([
            id.uuid().into(),
            case.payment_id.uuid().into(),
            case.rule.into(),
            case.detail.clone().into(),
            case.event_id.map(EventId::uuid).into(),
        ]);
    }
    let body = "INSERT INTO reviews (id, payment_id, rule, detail, event_id, state, created_at) \
                SELECT id, payment_id, rule, detail, event_id, 'open', ?1 FROM v WHERE true ON \
                CONFLICT (payment_id, rule) DO NOTHING RETURNING id";
    let statement = rows.statement(txn.get_database_backend(), body, vec![now.micros().into()]);
    let mut opened = Vec::new();
    for row in txn.query_all_raw(statement).await? {
        opened.push(ReviewId::from_uuid(row.try_get("", "id")?));
    }
    Ok(cases.into_iter().filter(|(id, _)| opened.contains(id)).collect())
}
