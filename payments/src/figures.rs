//! Figures that stand in the database, for whoever watches; and the names of all that is counted.

use boot::sql;
use entities::{Provider, Timestamp};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{Error, Store, audit, controls::SCOPES};

/// What stands in the database now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Values of gauges.
    pub gauges: Vec<Gauge>,
}

/// A value now.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Its name.
    pub name: &'static str,
    /// What tells it from others of the name.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

/// Far enough in the future for no alert.
const NEVER: f64 = 1e9;

/// How many rows there are of what waits for somebody; each found by an index.
const COUNTS: &[(&str, &str, &str, &str)] = &[
    (
        "quittance_events",
        "state",
        "received",
        "provider_events WHERE state = 'received' AND state IN ('received', 'parked')",
    ),
    (
        "quittance_events",
        "state",
        "parked",
        "provider_events WHERE state = 'parked' AND state IN ('received', 'parked')",
    ),
    ("quittance_events", "state", "dead", "provider_events WHERE state = 'dead'"),
    (
        "quittance_refund_requests",
        "state",
        "pending_review",
        "refund_requests WHERE state = 'pending_review'",
    ),
    ("quittance_refund_requests", "state", "appealed", "refund_requests WHERE state = 'appealed'"),
    (
        "quittance_refunds",
        "state",
        "unknown",
        "refunds WHERE state = 'unknown' AND state IN ('reserved', 'submitting', 'unknown', 'pending')",
    ),
    (
        "quittance_refunds",
        "state",
        "pending",
        "refunds WHERE state = 'pending' AND state IN ('reserved', 'submitting', 'unknown', 'pending')",
    ),
    ("quittance_disputes", "state", "needs_response", "disputes WHERE state = 'needs_response'"),
    ("quittance_disputes", "state", "under_review", "disputes WHERE state = 'under_review'"),
    ("quittance_reviews", "state", "open", "reviews WHERE state = 'open'"),
];

/// Reads them. Queues are told by [`jobs::queue::depths`].
pub async fn read(store: &Store) -> Result<Figures, Error> {
    let now = store.clock.now();
    let mut figures = Figures::default();
    for (name, label, value, rows) in COUNTS {
        let body = format!("SELECT COUNT(*) AS n FROM {rows}");
        let rows = number(store, &body, Vec::new()).await?.unwrap_or(0);
        figures.push(name, &[(label, value)], rows as f64);
    }
    let oldest = "SELECT MIN(received_at) AS n FROM provider_events WHERE state IN ('received', \
                  'parked')";
    let oldest = number(store, oldest, Vec::new()).await?;
    figures.push("quittance_events_oldest_seconds", &[], age(now, oldest));
    let due = "SELECT MIN(evidence_due) AS n FROM disputes WHERE state IN ('warning', \
               'needs_response')";
    let due = number(store, due, Vec::new()).await?;
    let due = due.map_or(NEVER, |due| Timestamp::from_micros(due).since(now).as_secs_f64());
    figures.push("quittance_disputes_due_seconds", &[], due);
    reconciled(store, now, &mut figures).await?;
    paused(store, now, &mut figures).await?;
    figures.push("quittance_audit_lag_seconds", &[], age(now, unsealed(store).await?));
    Ok(figures)
}

impl Figures {
    fn push(&mut self, name: &'static str, labels: &[(&'static str, &str)], value: f64) {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.gauges.push(Gauge { name, labels, value });
    }
}

/// How long ago each provider's side was last looked at.
async fn reconciled(store: &Store, now: Timestamp, figures: &mut Figures) -> Result<(), Error> {
    for provider in [Provider::Stripe, Provider::Paypal] {
        let body = "SELECT finished_at AS n FROM reconciliations WHERE provider = ?1 AND scope = \
                    'window' AND finished_at IS NOT NULL AND state = 'done' ORDER BY finished_at \
                    DESC LIMIT 1";
        let finished = number(store, body, vec![provider.as_str().into()]).await?;
        // Before the first run there is nothing to be late: a schedule begins one within 15 minutes.
        figures.push(
            "quittance_reconciliation_age_seconds",
            &[("provider", provider.as_str())],
            age(now, finished),
        );
    }
    Ok(())
}

async fn paused(store: &Store, now: Timestamp, figures: &mut Figures) -> Result<(), Error> {
    let body =
        "SELECT scope FROM controls WHERE state = 'paused' AND (until IS NULL OR until > ?1)";
    let statement = sql::statement(store.db.backend(), body, vec![now.micros().into()]);
    let rows = store.db.reader().query_all_raw(statement).await?;
    let scopes: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("", "scope")).collect();
    let scopes = scopes?;
    for scope in SCOPES {
        let paused = scopes.iter().any(|paused| paused == scope);
        figures.push("quittance_paused", &[("scope", scope)], f64::from(u8::from(paused)));
    }
    Ok(())
}

/// When the first line of the audit log was written that came after the last sealing.
async fn unsealed(store: &Store) -> Result<Option<i64>, Error> {
    let floor = audit::sealed_at(store).await?.map_or(Uuid::nil(), Timestamp::lowest_id);
    let body = "SELECT at AS n FROM audit_log WHERE id > ?1 ORDER BY id LIMIT 1";
    number(store, body, vec![floor.into()]).await
}

async fn number(
    store: &Store,
    body: &str,
    values: Vec<sea_orm::Value>,
) -> Result<Option<i64>, Error> {
    let statement = sql::statement(store.db.backend(), body, values);
    let row = store.db.reader().query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "n")).transpose()?.flatten())
}

/// Seconds since `at`; 0 if there is no such time.
fn age(now: Timestamp, at: Option<i64>) -> f64 {
    at.map_or(0.0, |at| now.since(Timestamp::from_micros(at)).as_secs_f64())
}

/// Makes every counter that alerts look at start from 0: one that first appears with its first
/// increment hides it from `increase()`.
pub fn register() {
    metrics::describe_counter!("quittance_alerts_total", "Alerts raised, by kind");
    metrics::describe_counter!("quittance_jobs_buried_total", "Jobs that failed for good");
    metrics::describe_gauge!("quittance_jobs", "Jobs, by lane and state");
    metrics::describe_gauge!("quittance_jobs_oldest_seconds", "Age of the oldest job that is due");
    metrics::describe_histogram!(
        "quittance_webhook_to_credits_seconds",
        "From our door to credits in the ledger"
    );
    metrics::describe_histogram!(
        "quittance_payment_to_receipt_seconds",
        "From the money to the mail server's word"
    );
    for provider in ["stripe", "paypal"] {
        metrics::counter!("quittance_webhooks_refused_total", "provider" => provider).increment(0);
        metrics::counter!("quittance_reconciliation_gaps_total", "provider" => provider)
            .increment(0);
        for kind in ["failed", "silent", "unreadable"] {
            metrics::counter!("quittance_provider_errors_total", "provider" => provider, "kind" => kind)
                .increment(0);
        }
        metrics::gauge!("quittance_provider_resting", "provider" => provider).set(0.0);
    }
    metrics::counter!("quittance_card_numbers_refused_total").increment(0);
    metrics::counter!("quittance_audit_sealed_total").increment(0);
    metrics::gauge!("quittance_ledger_discrepancies").set(0.0);
    metrics::gauge!("quittance_audit_problems").set(0.0);
    let _ = metrics::histogram!("quittance_webhook_to_credits_seconds");
    let _ = metrics::histogram!("quittance_payment_to_receipt_seconds");
}
