use std::collections::HashMap;

use boot::sql::{Column, Rows, Type, col, nullable};
use entities::{EventId, PaymentId, ReviewId, Timestamp, review::FRAUD};
use jobs::{Alert, Enqueued, NewJob, queue};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use crate::{
    Error,
    audit::{self, Line},
    core::fraud::Judgement,
    money_back,
};

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("payment_id", Type::Uuid),
    col("rule", Type::Text),
    col("detail", Type::Text),
    nullable("event_id", Type::Uuid),
    col("points", Type::Int),
    nullable("hits", Type::Text),
    col("held", Type::Int),
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

/// A row to be written.
struct Row {
    id: ReviewId,
    case: Case,
    points: i64,
    hits: Option<String>,
    held: i64,
}

/// Opens `cases`, if and only if `txn` commits, and returns those that were not open before.
pub async fn open(
    txn: &DatabaseTransaction,
    cases: Vec<Case>,
    now: Timestamp,
) -> Result<Vec<(ReviewId, Case)>, DbErr> {
    let row = |case| Row { id: ReviewId::new(), case, points: 0, hits: None, held: 0 };
    let new = insert(txn, cases.into_iter().map(row).collect(), now).await?;
    Ok(new.into_iter().map(|row| (row.id, row.case)).collect())
}

/// Opens a case for each payment that looks like fraud. The credits of those in `granted`, which the
/// same transaction granted, are set aside already: so many of each; those of the others are now, as
/// far as they are not spent.
pub(crate) async fn suspect(
    txn: &DatabaseTransaction,
    judged: HashMap<PaymentId, Judgement>,
    granted: &HashMap<PaymentId, i64>,
    now: Timestamp,
) -> Result<Vec<Enqueued>, Error> {
    if judged.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<Row> = judged
        .into_iter()
        .map(|(id, judgement)| row(id, &judgement, granted.get(&id).copied().unwrap_or_default()))
        .collect();
    rows.sort_by_key(|row| row.case.payment_id);
    let held = rows.iter().filter(|row| row.held > 0).count();
    let opened = insert(txn, rows, now).await?;
    if opened.iter().filter(|row| row.held > 0).count() != held {
        let problem = "credits were set aside for a case that was open before they were granted";
        return Err(Error::Inconsistent(problem.to_owned()));
    }
    let late = opened.iter().filter(|row| row.held == 0).map(|row| (row.case.payment_id, row.id));
    money_back::suspect(txn, late.collect(), now).await?;
    let (mut lines, mut alerts) = (Vec::new(), Vec::new());
    for Row { id, case, .. } in &opened {
        metrics::counter!("quittance_payments_suspected_total").increment(1);
        lines.push(Line {
            actor: "system".to_owned(),
            action: "review.open".to_owned(),
            subject: case.payment_id.to_string(),
            before: None,
            after: Some(format!("{id} {FRAUD} {}", case.detail)),
        });
        let detail = format!(
            "payment {} looks like fraud ({}); its credits are set aside until somebody has looked",
            case.payment_id, case.detail
        );
        let alert = Alert { kind: "fraud-suspected".to_owned(), subject: id.to_string(), detail };
        alerts.push(NewJob::of(&alert, now));
    }
    audit::write(txn, lines, now).await?;
    Ok(queue::insert(txn, alerts, now).await?)
}

fn row(payment_id: PaymentId, judgement: &Judgement, held: i64) -> Row {
    let case = Case { payment_id, rule: FRAUD, detail: judgement.detail(), event_id: None };
    let hits = serde_json::to_string(&judgement.hits).expect("hits are plain texts and numbers");
    Row { id: ReviewId::new(), case, points: judgement.points.into(), hits: Some(hits), held }
}

async fn insert(
    txn: &DatabaseTransaction,
    cases: Vec<Row>,
    now: Timestamp,
) -> Result<Vec<Row>, DbErr> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Rows::new(COLUMNS);
    for Row { id, case, points, hits, held } in &cases {
        rows.push([
            id.uuid().into(),
            case.payment_id.uuid().into(),
            case.rule.into(),
            case.detail.clone().into(),
            case.event_id.map(EventId::uuid).into(),
            (*points).into(),
            hits.clone().into(),
            (*held).into(),
        ]);
    }
    let body = "INSERT INTO reviews (id, payment_id, rule, detail, event_id, points, hits, held, \
                state, created_at) SELECT id, payment_id, rule, detail, event_id, points, hits, \
                held, 'open', ?1 FROM v WHERE true ON CONFLICT (payment_id, rule) DO NOTHING \
                RETURNING id";
    let statement = rows.statement(txn.get_database_backend(), body, vec![now.micros().into()]);
    let mut opened = Vec::new();
    for row in txn.query_all_raw(statement).await? {
        opened.push(ReviewId::from_uuid(row.try_get("", "id")?));
    }
    Ok(cases.into_iter().filter(|row| opened.contains(&row.id)).collect())
}
