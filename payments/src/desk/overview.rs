//! How things are: what waits for a person, and whether promises are kept.

use std::{collections::HashMap, time::Duration};

use boot::sql;
use entities::{
    JobId, PaymentId, Timestamp, job, mail, payment,
    provider_event::{self, Source},
};
use jobs::{Alert, Job};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};

use crate::{Error, Store};

/// What waits for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct Waiting {
    /// Requests for refunds that nobody has decided.
    pub refunds: i64,
    /// Disputes that wait for evidence.
    pub disputes: i64,
    /// Cases that nobody has decided.
    pub reviews: i64,
    /// Changes of balances that an admin has to approve.
    pub adjustments: i64,
    /// Jobs that gave up.
    pub dead_jobs: i64,
    /// Events that can never be applied.
    pub dead_events: i64,
}

/// Counts what waits for a person.
pub async fn waiting(store: &Store) -> Result<Waiting, Error> {
    let body = "SELECT (SELECT COUNT(*) FROM refund_requests WHERE state IN ('pending_review', \
                'appealed')) AS refunds, (SELECT COUNT(*) FROM disputes WHERE state IN ('warning', \
                'needs_response')) AS disputes, (SELECT COUNT(*) FROM reviews WHERE state = \
                'open') AS reviews, (SELECT COUNT(*) FROM credit_adjustments WHERE state = \
                'waiting') AS adjustments, (SELECT COUNT(*) FROM jobs WHERE state = 'dead') AS \
                dead_jobs, (SELECT COUNT(*) FROM provider_events WHERE state = 'dead') AS dead_events";
    let statement = sql::statement(store.db.backend(), body, Vec::new());
    let row = Waiting::find_by_statement(statement).one(store.db.reader()).await?;
    Ok(row.unwrap_or_default())
}

/// How long something took, of the latest times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How many times were looked at.
    pub count: usize,
    /// Half of them took at most this long.
    pub median: Duration,
    /// 99 of 100 took at most this long.
    pub p99: Duration,
    /// The longest.
    pub worst: Duration,
}

impl Sample {
    /// The sample that `spans` are; `None` if there is none.
    pub fn of(mut spans: Vec<Duration>) -> Option<Self> {
        spans.sort_unstable();
        let worst = *spans.last()?;
        // The smallest of which at least so many of a hundred are no longer.
        let at = |percent: usize| spans[(spans.len() * percent).div_ceil(100).max(1) - 1];
        Some(Self { count: spans.len(), median: at(50), p99: at(99), worst })
    }
}

/// How long the latest `limit` applied webhooks took from our door to our rows: credits are granted
/// in the same transaction (`AC9.1.3`).
pub async fn applied_in(store: &Store, limit: u64) -> Result<Option<Sample>, Error> {
    use provider_event::Column;
    let events: Vec<(Timestamp, Option<Timestamp>)> = provider_event::Entity::find()
        .select_only()
        .columns([Column::ReceivedAt, Column::SettledAt])
        .filter(Column::State.eq(provider_event::State::Applied))
        .filter(Column::Source.eq(Source::Webhook))
        .order_by_desc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(store.db.reader())
        .await?;
    let took = |(from, to): (Timestamp, Option<Timestamp>)| Some(to?.since(from));
    Ok(Sample::of(events.into_iter().filter_map(took).collect()))
}

/// How long the latest `limit` receipts took from the money to the mail server (`AC9.4.1`).
pub async fn mailed_in(store: &Store, limit: u64) -> Result<Option<Sample>, Error> {
    let mails: Vec<(String, Option<Timestamp>)> = mail::Entity::find()
        .select_only()
        .columns([mail::Column::Occasion, mail::Column::SentAt])
        .filter(mail::Column::Occasion.starts_with("receipt:"))
        .filter(mail::Column::State.eq(mail::State::Sent))
        .order_by_desc(mail::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(store.db.reader())
        .await?;
    let sent: HashMap<PaymentId, Timestamp> = mails
        .iter()
        .filter_map(|(occasion, sent)| {
            Some((occasion.strip_prefix("receipt:")?.parse().ok()?, (*sent)?))
        })
        .collect();
    let paid: Vec<(PaymentId, Option<Timestamp>)> = payment::Entity::find()
        .select_only()
        .columns([payment::Column::Id, payment::Column::SucceededAt])
        .filter(payment::Column::Id.is_in(sent.keys().copied()))
        .into_tuple()
        .all(store.db.reader())
        .await?;
    let took = |(id, paid): (PaymentId, Option<Timestamp>)| Some(sent.get(&id)?.since(paid?));
    Ok(Sample::of(paid.into_iter().filter_map(took).collect()))
}

/// An alert that was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The job that tells of it.
    pub job_id: JobId,
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub alert: Alert,
}

/// The newest alerts, at most `limit`.
pub async fn alerts(store: &Store, limit: u64) -> Result<Vec<Raised>, Error> {
    let rows = job::Entity::find()
        .filter(job::Column::Name.eq(Alert::NAME))
        .order_by_desc(job::Column::Id)
        .limit(limit)
        .all(store.db.reader())
        .await?;
    let raised = |row: job::Model| {
        let alert = serde_json::from_str(&row.payload)
            .map_err(|_| Error::Inconsistent(format!("{} is no alert", row.id)))?;
        Ok(Raised { job_id: row.id, at: row.created_at, alert })
    };
    rows.into_iter().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_says_what_most_and_nearly_all_took() {
        assert_eq!(Sample::of(Vec::new()), None);
        let spans = (1..=200).rev().map(Duration::from_millis).collect();
        let sample = Sample::of(spans).unwrap();
        assert_eq!((sample.count, sample.median.as_millis()), (200, 100));
        assert_eq!((sample.p99.as_millis(), sample.worst.as_millis()), (198, 200));
        let one = Sample::of(vec![Duration::from_secs(1)]).unwrap();
        assert_eq!((one.median, one.p99), (one.worst, one.worst));
    }
}
