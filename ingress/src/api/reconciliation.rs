//! Reconciliation, for those who look after the shop (`AC9.6.7`).

use ::payments::reconciliations::{self, Found};
use entities::{GapId, PaymentId, ReconciliationId, Timestamp, provider_event, reconciliation_gap};
use poem::{Response, http::StatusCode};
use schemars::JsonSchema;
use sea_orm::ActiveEnum;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Call,
    place::{cursor, limit},
    success, view,
};
use crate::{Problem, ReconcilerError, Subject};

/// What is to be looked at: one of the three.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ReconciliationWish")]
pub(crate) struct Sync {
    /// One payment, by our id.
    #[serde(default)]
    transaction_id: Option<String>,
    /// One event, by the provider's id, or by ours.
    #[serde(default)]
    event_id: Option<String>,
    /// A span of time from here on, in RFC 3339.
    #[serde(default)]
    from: Option<String>,
    /// Its end; now, if left out.
    #[serde(default)]
    to: Option<String>,
    /// At whom; every provider that is set up, if left out. An event needs it.
    #[serde(default)]
    provider: Option<String>,
}

/// What begins with the request.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReconciliationAsked")]
pub(crate) struct Asked {
    runs: Vec<Reconciliation>,
}

/// One look at a provider's side.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reconciliation {
    #[serde(rename = "reconciliationId")]
    id: String,
    provider: String,
    /// `window`, `payment`, `event`.
    scope: String,
    since: Option<String>,
    until: Option<String>,
    transaction_id: Option<String>,
    event_id: Option<String>,
    /// `schedule`, `operator`, or `user:` and who.
    asked_by: String,
    /// `waiting`, `running`, `done`, `failed`.
    status: String,
    /// How many events were looked at.
    events: i64,
    /// How many payments were asked about.
    payments: i64,
    /// How many gaps were found, and healed.
    gaps: i64,
    error: Option<String>,
    created_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
}

/// A run with its gaps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    run: Reconciliation,
    gaps: view::Page<Gap>,
}

/// Something that was missing here.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReconciliationGap")]
pub(crate) struct Gap {
    #[serde(rename = "gapId")]
    id: String,
    /// `event`, `payment`, `refund`, `dispute`.
    kind: String,
    /// The provider's id of the event, or ours of the payment, refund or dispute.
    reference: String,
    /// The event in our inbox.
    event_id: Option<String>,
    transaction_id: Option<String>,
    /// The kind of event, or how the status moved.
    what: String,
    occurred_at: String,
    found_at: String,
    /// How late it was found, in seconds.
    late_seconds: u64,
    /// What has become of the event since.
    event_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    #[serde(default)]
    gaps: Option<bool>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<u64>,
}

/// `GET /admin/reconciliation`.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let place: Place = call.query()?;
    let after: Option<ReconciliationId> = cursor(place.cursor.as_deref())?;
    let (store, gaps) = (&call.app.store, place.gaps.unwrap_or(false));
    let page = reconciliations::page(store, gaps, after, limit(place.limit)?).await?;
    Ok(success(&view::Page {
        items: page.items.iter().map(Reconciliation::new).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// `GET /admin/reconciliation/{id}`.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let (id, place): (ReconciliationId, Place) = (call.id()?, call.query()?);
    let store = &call.app.store;
    let found = reconciliations::find(store, id).await?.ok_or(Problem::NotFound)?;
    let after: Option<GapId> = cursor(place.cursor.as_deref())?;
    let page = reconciliations::gaps(store, id, after, limit(place.limit)?).await?;
    let items = page.items.into_iter().map(|(gap, state)| Gap::new(gap, state)).collect();
    let gaps = view::Page { items, next_cursor: page.next.map(|id| id.to_string()) };
    Ok(success(&Report { run: Reconciliation::new(&found), gaps }))
}

/// `POST /admin/reconciliation`.
pub(crate) async fn sync(call: Call) -> Result<Response, Problem> {
    let asked: Sync = call.json()?;
    let by = format!("user:{}", call.user()?.user_ref);
    let runs = call.app.reconciler.ask(subject(&call, asked)?, &by).await?;
    let runs = runs.into_iter().map(|run| Reconciliation::new(&Found { run, gaps: 0 })).collect();
    let mut response = success(&Asked { runs });
    response.set_status(StatusCode::ACCEPTED);
    Ok(response)
}

fn subject(call: &Call, asked: Sync) -> Result<Subject, Problem> {
    let named = asked.provider.as_deref().map(|name| call.app.gateway(name)).transpose()?;
    let named = named.map(|gateway| gateway.provider());
    match (asked.transaction_id, asked.event_id, asked.from) {
        (Some(id), None, None) => {
            let id: Result<PaymentId, _> = id.parse();
            Ok(Subject::Payment(id.map_err(|_| Problem::NotFound)?))
        }
        (None, Some(id), None) => Ok(Subject::Event(id, named)),
        (None, None, Some(from)) => {
            let until = asked.to.as_deref().map(time).transpose()?;
            let until = until.unwrap_or_else(|| call.app.clock().now());
            Ok(Subject::Span(time(&from)?..until, named))
        }
        _ => Err(Problem::Malformed("send one of transactionId, eventId and from".to_owned())),
    }
}

impl From<ReconcilerError> for Problem {
    fn from(error: ReconcilerError) -> Self {
        match error {
            ReconcilerError::NotFound => Self::NotFound,
            ReconcilerError::WhoseEvent => Self::Malformed(error.to_string()),
            ReconcilerError::NotSetUp(_) => Self::UnknownProvider,
            ReconcilerError::Payments(error) => error.into(),
        }
    }
}

fn time(text: &str) -> Result<Timestamp, Problem> {
    let time = OffsetDateTime::parse(text, &Rfc3339);
    let wrong = |_| Problem::Malformed(format!("{text:?} is not a time like 2026-01-31T12:00:00Z"));
    Ok(Timestamp::from_seconds(time.map_err(wrong)?.unix_timestamp()))
}

impl Reconciliation {
    fn new(Found { run, gaps }: &Found) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: run.id.to_string(),
            provider: run.provider.as_str().to_owned(),
            scope: run.scope.as_str().to_owned(),
            since: text(run.since),
            until: text(run.until),
            transaction_id: run.payment_id.map(|id| id.to_string()),
            event_id: run.event_ref.clone(),
            asked_by: run.asked_by.clone(),
            status: run.state.as_str().to_owned(),
            events: run.events,
            payments: run.payments,
            gaps: *gaps,
            error: run.error.clone(),
            created_at: run.created_at.to_string(),
            started_at: text(run.started_at),
            finished_at: text(run.finished_at),
        }
    }
}

impl Gap {
    fn new(gap: reconciliation_gap::Model, state: Option<provider_event::State>) -> Self {
        Self {
            id: gap.id.to_string(),
            kind: gap.kind.as_str().to_owned(),
            reference: gap.reference,
            event_id: gap.event_id.map(|id| id.to_string()),
            transaction_id: gap.payment_id.map(|id| id.to_string()),
            what: gap.what,
            occurred_at: gap.occurred_at.to_string(),
            found_at: gap.found_at.to_string(),
            late_seconds: gap.found_at.since(gap.occurred_at).as_secs(),
            event_status: state.map(|state| state.to_value()),
        }
    }
}
