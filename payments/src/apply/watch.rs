//! What is suspicious about the payments of a batch, and what of it looks like an attack.

use std::{collections::HashMap, time::Duration};

use boot::sql;
use entities::{PaymentId, Timestamp};
use jobs::Enqueued;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::Working;
use crate::{
    Error,
    breaker::{self, Signal},
    core::{
        Policy,
        fraud::{Judgement, Rules, Verdict, judge},
    },
    fraud::{self, Decline, Suspect},
    vault::Vault,
};

/// The span in which declined tries are counted that may be one attack.
const TESTING: Duration = Duration::from_mins(10);

/// The span in which signed events that contradict our rows are counted.
const CONTRADICTING: Duration = Duration::from_hours(1);

/// Judges those of `changed` whose credits are about to be granted, or of which something was learnt
/// since they were; returns those that look like fraud.
pub(super) async fn judged(
    txn: &DatabaseTransaction,
    vault: &Vault,
    rules: &Rules,
    changed: &[Working],
    now: Timestamp,
) -> Result<HashMap<PaymentId, Judgement>, Error> {
    let asked = changed.iter().filter(|working| working.grant || working.late());
    let suspects: Vec<Suspect> = asked.map(|working| Suspect::of(&working.row)).collect();
    let facts = fraud::gather(txn, vault, rules, &suspects, now).await?;
    let mut found = HashMap::new();
    for (suspect, facts) in suspects.iter().zip(facts) {
        let judgement = judge(&facts, rules);
        if let (Some(id), true) = (suspect.payment_id, judgement.verdict != Verdict::Allow) {
            found.insert(id, judgement);
        }
    }
    Ok(found)
}

/// Notes `declines`; raises an alarm if there are so many that cards are being tried out.
pub(super) async fn declines(
    txn: &DatabaseTransaction,
    declines: Vec<Decline>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Vec<Enqueued>, DbErr> {
    let new = fraud::note(txn, declines).await?;
    if new == 0 {
        return Ok(Vec::new());
    }
    let most = policy.alarms.declines;
    let body = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM declines WHERE at > ?1 LIMIT ?2) s";
    let seen = count(txn, body, now - TESTING, most).await?;
    if seen < most {
        return Ok(Vec::new());
    }
    let detail = format!("{seen} tries to pay, or more, were declined within ten minutes");
    let told = breaker::note(txn, Signal::CardTesting, new, &detail, &policy.alarms.pauses, now);
    Ok(told.await?.into_iter().collect())
}

/// Raises an alarm if signed events contradict our rows about several payments: that takes the
/// provider's secret, or a fault of ours.
pub(super) async fn contradictions(
    txn: &DatabaseTransaction,
    any: bool,
    policy: &Policy,
    now: Timestamp,
) -> Result<Vec<Enqueued>, DbErr> {
    if !any {
        return Ok(Vec::new());
    }
    let most = policy.alarms.contradictions;
    let body = "SELECT COUNT(DISTINCT payment_id) AS n FROM (SELECT payment_id FROM reviews WHERE \
                created_at > ?1 AND rule LIKE '%-mismatch' LIMIT ?2 * 5) s";
    let seen = count(txn, body, now - CONTRADICTING, most).await?;
    if seen < most {
        return Ok(Vec::new());
    }
    let detail = format!("signed events contradict our rows about {seen} payments or more");
    let told = breaker::note(txn, Signal::Contradictions, 1, &detail, &policy.alarms.pauses, now);
    Ok(told.await?.into_iter().collect())
}

/// Raises an alarm if credits were about to be granted again: only a fault of ours can ask for that.
pub(super) async fn double_grants(
    txn: &DatabaseTransaction,
    again: usize,
    policy: &Policy,
    now: Timestamp,
) -> Result<Vec<Enqueued>, DbErr> {
    if again == 0 {
        return Ok(Vec::new());
    }
    let detail = "credits were about to be granted that the ledger has granted".to_owned();
    let pauses = &policy.alarms.pauses;
    let told = breaker::note(txn, Signal::DoubleGrant, again as u64, &detail, pauses, now);
    Ok(told.await?.into_iter().collect())
}

async fn count(
    txn: &DatabaseTransaction,
    body: &str,
    since: Timestamp,
    most: u64,
) -> Result<u64, DbErr> {
    let most = i64::try_from(most).unwrap_or(i64::MAX / 10);
    let values = vec![since.micros().into(), most.into()];
    let row = txn.query_one_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    let count: Option<i64> = row.map(|row| row.try_get("", "n")).transpose()?;
    Ok(count.unwrap_or_default().unsigned_abs())
}
