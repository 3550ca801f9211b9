use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use boot::sql;
use entities::{PaymentId, payment, provider_event};
use payments::{Store, ledger};
use redis::AsyncCommands;
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{Delivered, Planned};
use crate::process::{self, RedisServer, within};

/// Jobs that are about events and payments. Those that the clock asks for have leases longer than a
/// test has patience.
const OURS: &str =
    "name NOT IN ('reconcile', 'run-reconciliation', 'verify-ledger', 'verify-audit', 'prune')";

/// What a run should have led to.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The payments there were.
    pub payments: &'a [Planned],
    /// What the provider was told.
    pub delivered: &'a Delivered,
}

/// Waits until nothing is left to do; gives up when `patience` has passed without anything having
/// been done, and says whether it came to that.
pub async fn quiet(store: &Store, patience: Duration) -> bool {
    let (mut least, mut since) = (i64::MAX, Instant::now());
    while since.elapsed() < patience {
        if let Some(left) = left(store).await {
            if left == 0 {
                return true;
            }
            if left < least {
                (least, since) = (left, Instant::now());
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    false
}

/// How many jobs and events are not at their end; `None` if the database does not say.
async fn left(store: &Store) -> Option<i64> {
    let open = format!("jobs WHERE state IN ('queued', 'running') AND {OURS}");
    let parked = "provider_events WHERE state IN ('received', 'parked')";
    Some(count(store, &open).await? + count(store, parked).await?)
}

async fn count(store: &Store, what: &str) -> Option<i64> {
    crate::process::count(store, what).await
}

/// What does not hold of that which must always hold; each with the number of its invariant
/// (`I1` to `I12`).
pub async fn check(store: &Store, expected: Expected<'_>, mails: &Path) -> Vec<String> {
    let mut wrong = answers(expected.delivered);
    wrong.extend(inbox(store, expected.delivered).await);
    wrong.extend(grants(store, expected).await);
    for discrepancy in ledger::verify(store).await.unwrap() {
        wrong.push(format!("I4: {discrepancy}"));
    }
    wrong.extend(mailed(store, mails).await);
    let dead = format!("jobs WHERE state = 'dead' AND {OURS}");
    if let Some(dead @ 1..) = count(store, &dead).await {
        wrong.push(format!("I12: {dead} jobs are dead: {}", why_dead(store).await));
    }
    wrong
}

fn answers(delivered: &Delivered) -> Vec<String> {
    let mut wrong = Vec::new();
    for (status, times) in &delivered.statuses {
        if !(200..300).contains(status) && *status != 503 {
            wrong.push(format!("I9: the provider was answered {status} {times} times"));
        }
    }
    if delivered.unfinished > 0 {
        wrong.push(format!("I9: {} events were never acknowledged", delivered.unfinished));
    }
    wrong
}

/// Every acknowledged event is there, and has been applied.
async fn inbox(store: &Store, delivered: &Delivered) -> Vec<String> {
    let events = provider_event::Entity::find().all(store.db.reader()).await.unwrap();
    let states: BTreeMap<&str, provider_event::State> =
        events.iter().map(|event| (event.event_id.as_str(), event.state)).collect();
    let mut wrong = Vec::new();
    if states.len() != events.len() {
        wrong.push(format!("I1: {} events stand twice", events.len() - states.len()));
    }
    for event in delivered.acknowledged.keys() {
        match states.get(event.as_str()) {
            Some(provider_event::State::Applied) => {}
            Some(state) => wrong.push(format!("I2: acknowledged {event} is {state:?}")),
            None => wrong.push(format!("I1: acknowledged {event} was lost")),
        }
    }
    wrong
}

/// Every payment that was paid has one grant, and no other has any.
async fn grants(store: &Store, expected: Expected<'_>) -> Vec<String> {
    let acknowledged = &expected.delivered.acknowledged;
    let lots = entities::credit_lot::Entity::find().all(store.db.reader()).await.unwrap();
    let mut granted = BTreeMap::<PaymentId, usize>::new();
    for lot in &lots {
        *granted.entry(lot.payment_id).or_default() += 1;
    }
    let rows = payment::Entity::find().all(store.db.reader()).await.unwrap();
    let rows: BTreeMap<PaymentId, payment::Model> =
        rows.into_iter().map(|row| (row.id, row)).collect();
    let mut wrong = Vec::new();
    for planned in expected.payments {
        let told = |kind| acknowledged.contains_key(&format!("evt_{}_{kind}", planned.reference));
        let (paid, grants) = (told("succeeded"), granted.remove(&planned.id).unwrap_or(0));
        let status = rows[&planned.id].status;
        if (paid && grants != 1) || grants > 1 || (!planned.succeeds && grants > 0) {
            wrong.push(format!("I3: {} has {grants} grants", planned.reference));
        }
        if paid && status != payment::Status::Succeeded {
            wrong.push(format!("I7: {} was paid and is {status:?}", planned.reference));
        }
        if !planned.succeeds && told("payment_failed") && status != payment::Status::Failed {
            wrong.push(format!("I7: {} failed and is {status:?}", planned.reference));
        }
    }
    if !granted.is_empty() {
        wrong.push(format!("I3: {} grants are for payments of nobody", granted.len()));
    }
    wrong
}

/// Every grant has one receipt, and every mail on record was handed over.
async fn mailed(store: &Store, mails: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let unsent = count(store, "mails WHERE state <> 'sent'").await.unwrap();
    if unsent > 0 {
        wrong.push(format!("I6: {unsent} mails were begun and not sent"));
    }
    let receipts = count(store, "mails WHERE occasion LIKE 'receipt:%'").await.unwrap();
    let grants = count(store, "credit_lots").await.unwrap();
    if receipts != grants {
        wrong.push(format!("I6: {receipts} receipts for {grants} grants"));
    }
    let sent = count(store, "mails").await.unwrap();
    let files = process::mails(mails).len();
    if i64::try_from(files).unwrap() != sent {
        wrong.push(format!("I6: {files} mails in the mailbox, {sent} on record"));
    }
    wrong
}

async fn why_dead(store: &Store) -> String {
    let text = "SELECT name, last_error FROM jobs WHERE state = 'dead' LIMIT 3";
    let statement = sql::statement(store.db.backend(), text, Vec::new());
    let rows = store.db.reader().query_all_raw(statement).await.unwrap();
    let describe = |row: &sea_orm::QueryResult| {
        let name: String = row.try_get("", "name").unwrap();
        let error: Option<String> = row.try_get("", "last_error").unwrap();
        format!("{name}: {}", error.unwrap_or_default())
    };
    rows.iter().map(describe).collect::<Vec<_>>().join("; ")
}

/// What is left in Redis of tickets that nobody will ever take; none once `patience` is over.
pub(super) async fn left_in_redis(redis: &RedisServer, patience: Duration) -> Vec<String> {
    let mut left = Vec::new();
    let emptied = within(patience, async || {
        left = tickets(redis).await;
        left.is_empty()
    });
    if emptied.await { Vec::new() } else { left }
}

async fn tickets(redis: &RedisServer) -> Vec<String> {
    let mut connection = redis.connection().await;
    let keys: Vec<String> = connection.keys("{quittance:*").await.unwrap();
    let mut left = Vec::new();
    for key in keys {
        let tickets: usize = match &key {
            key if key.ends_with(":scheduled") => connection.zcard(key).await.unwrap(),
            key if key.ends_with(":active") => connection.llen(key).await.unwrap(),
            key if key.contains(":inflight") => connection.scard(key).await.unwrap(),
            _ => 0,
        };
        if tickets > 0 {
            left.push(format!("I11: {tickets} tickets are left in {key}"));
        }
    }
    left
}
