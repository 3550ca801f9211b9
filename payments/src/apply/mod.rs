//! Applying facts: load what they are about, decide in memory, write what was decided.
//!
//! For one fact or for hundreds at once, in the caller's transaction: webhook, confirm call,
//! reconciliation and admin share this one transition, so all of them at once grant once.

mod load;
mod watch;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    time::Duration,
};

use boot::sql::Writes;
use entities::{
    EventId, PaymentId, ReviewId, Timestamp,
    fact::{CardMark, Fact, News},
    payment::{Model, Status},
};
use jobs::{Alert, Enqueued, NewJob, SendFailure, SendReceipt, queue};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::{
    Error,
    audit::{self, Line},
    core::{Decision, Policy, advance, decide},
    fraud::Decline,
    invoices,
    ledger::{self, Grant},
    money_back,
    reviews::{self, Case},
    vault::Vault,
};

/// A fact, and how we learned of it.
#[derive(Clone, Debug)]
pub struct Item {
    /// What was said.
    pub fact: Fact,
    /// The event that said so; `None` when we asked.
    pub event_id: Option<EventId>,
}

/// What came of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Our row says so now, or said so before.
    Applied(PaymentId),
    /// It contradicts our row; a review is open.
    Contradicted(PaymentId, &'static str),
    /// None of our rows fits.
    Unknown,
}

impl Outcome {
    /// The payment that it is about.
    pub const fn payment_id(&self) -> Option<PaymentId> {
        match self {
            Self::Applied(id) | Self::Contradicted(id, _) => Some(*id),
            Self::Unknown => None,
        }
    }
}

/// What [`apply`] did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// An outcome for each item, in order.
    pub outcomes: Vec<Outcome>,
    /// Jobs to be announced once the transaction is committed.
    pub enqueued: Vec<Enqueued>,
    /// How many payments had their credits granted.
    pub granted: usize,
}

/// A payment on its way through the facts about it.
struct Working {
    row: Model,
    before: Status,
    changed: bool,
    grant: bool,
    /// Whether something was learnt that speaks for or against its payer.
    learned: bool,
}

impl Working {
    /// Whether its credits were granted before, and what was learnt may put them in doubt.
    fn late(&self) -> bool {
        let open = matches!(self.row.status, Status::Succeeded | Status::PartiallyRefunded);
        self.learned && !self.grant && open
    }
}

/// Brings our rows to what `items` say, if and only if `txn` commits; `vault` blinds what must not
/// be stored.
///
/// Fails with [`Error::Stale`] if somebody else was faster; then all of it is to be rolled back and
/// done again.
pub async fn apply(
    txn: &DatabaseTransaction,
    vault: &Vault,
    policy: &Policy,
    items: &[Item],
    now: Timestamp,
) -> Result<Applied, Error> {
    let mut writes = Writes::new();
    let applied = stage(txn, &mut writes, (vault, policy), items, now).await?;
    writes.execute(txn).await?;
    Ok(applied)
}

/// [`apply`] but for what is left in `writes`: to be executed in `txn` with what else it has to say,
/// before anybody reads what was granted.
pub async fn stage(
    txn: &DatabaseTransaction,
    writes: &mut Writes,
    (vault, policy): (&Vault, &Policy),
    items: &[Item],
    now: Timestamp,
) -> Result<Applied, Error> {
    let mut loaded = load::load(txn, items).await?;
    let mut cases: BTreeMap<(PaymentId, &'static str), Case> = BTreeMap::new();
    let mut declines = Vec::new();
    let mut outcomes = Vec::with_capacity(items.len());
    for item in items {
        let Some(working) = loaded.find(&item.fact) else {
            outcomes.push(Outcome::Unknown);
            continue;
        };
        let id = working.row.id;
        let decision = decide(&working.row, &item.fact, policy);
        if let Decision::Review(mismatch) = decision {
            let rule = mismatch.rule();
            let detail = mismatch.detail(&working.row, &item.fact);
            let case = Case { payment_id: id, rule, detail, event_id: item.event_id };
            cases.entry((id, rule)).or_insert(case);
            outcomes.push(Outcome::Contradicted(id, rule));
            continue;
        }
        declines.extend(decline(&working.row, &item.fact));
        if let Decision::Advance(step) = decision {
            let blind = |card: &CardMark| vault.blind("payments.card", &card.0);
            advance(&mut working.row, &step, blind, now);
            working.changed = true;
            working.grant |= step.grant;
            working.learned |= step.evidence.is_some();
        }
        outcomes.push(Outcome::Applied(id));
    }
    let changed = loaded.into_changed();
    let (enqueued, granted) = write_all(
        (txn, writes),
        (vault, policy),
        changed,
        Seen { cases: cases.into_values().collect(), declines },
        now,
    )
    .await?;
    Ok(Applied { outcomes, enqueued, granted })
}

/// What was seen beside what changes payments.
struct Seen {
    cases: Vec<Case>,
    declines: Vec<Decline>,
}

/// The try to pay of which `fact` says that it was declined.
fn decline(row: &Model, fact: &Fact) -> Option<Decline> {
    let (News::Failed(failure) | News::Declined(failure)) = &fact.news else { return None };
    Some(Decline {
        payment_id: row.id,
        at: fact.occurred_at,
        code: failure.code.clone(),
        customer_id: row.customer_id,
        address_blind: row.address_blind.clone(),
    })
}

async fn write_all(
    (txn, writes): (&DatabaseTransaction, &mut Writes),
    (vault, policy): (&Vault, &Policy),
    changed: Vec<Working>,
    seen: Seen,
    now: Timestamp,
) -> Result<(Vec<Enqueued>, usize), Error> {
    write::payments(txn, &changed).await?;
    // Counted before anything is judged, so that payments of one batch see each other.
    let mut alarm = watch::declines(txn, seen.declines, policy, now).await?;
    let judged = watch::judged(txn, vault, &policy.fraud, &changed, now).await?;
    let suspected: BTreeSet<PaymentId> = judged.keys().copied().collect();
    let succeeded: Vec<&Model> =
        changed.iter().filter(|working| working.grant).map(|working| &working.row).collect();
    let granted = ledger::grant(txn, writes, &succeeded, &suspected, now).await?;
    let opened = reviews::open(txn, seen.cases, now).await?;
    let mut lines: Vec<Line> = changed.iter().filter_map(status_line).collect();
    lines.extend(opened.iter().map(|(id, case)| review_line(&id.to_string(), case)));
    audit::stage(writes, lines, now);

    let mut enqueued = queue::stage_insert(writes, jobs(&granted, &opened, &changed, now), now);
    let ids: Vec<PaymentId> = granted.iter().map(|grant| grant.payment_id).collect();
    let credits = granted.iter().map(|grant| (grant.payment_id, grant.credits)).collect();
    let early = money_back::early(txn, &ids).await?;
    if !judged.is_empty() || !early.is_empty() {
        // Both read what was granted.
        mem::take(writes).execute(txn).await?;
    }
    enqueued.extend(reviews::suspect(txn, judged, &credits, now).await?);
    enqueued.extend(money_back::catch_up(txn, early, now).await?);
    alarm.extend(watch::contradictions(txn, !opened.is_empty(), policy, now).await?);
    alarm.extend(watch::double_grants(txn, succeeded.len() - granted.len(), policy, now).await?);
    enqueued.extend(alarm);
    // Last, since it locks the series for every other transaction.
    let new = |payment: &&&Model| granted.iter().any(|grant| grant.payment_id == payment.id);
    let billed: Vec<&Model> = succeeded.iter().filter(new).copied().collect();
    invoices::stage(writes, txn.get_database_backend(), &billed, now);
    Ok((enqueued, granted.len()))
}

/// The jobs that follow: receipts of what was granted, alerts of the cases that were opened, and mails
/// about what failed late.
fn jobs(
    granted: &[Grant],
    opened: &[(ReviewId, Case)],
    changed: &[Working],
    now: Timestamp,
) -> Vec<NewJob> {
    let receipts = granted.iter().map(|grant| SendReceipt { payment_id: grant.payment_id });
    let alerts = opened.iter().map(|(id, case)| Alert {
        kind: case.rule.to_owned(),
        subject: id.to_string(),
        detail: format!("payment {}: {}", case.payment_id, case.detail),
    });
    let failures = changed.iter().filter_map(late_failure);
    let receipts = receipts.map(|job| NewJob::of(&job, now));
    let alerts = alerts.map(|job| NewJob::of(&job, now));
    receipts.chain(alerts).chain(failures.map(|job| NewJob::of(&job, now))).collect()
}

/// How long a payer is taken to be still there, and to see for themselves that it failed.
const AWAY: Duration = Duration::from_hours(1);

/// The mail about a payment that failed when its payer was no longer there.
fn late_failure(working: &Working) -> Option<SendFailure> {
    let row = &working.row;
    let failed_at = row.failed_at.filter(|_| row.status == Status::Failed)?;
    let fell = working.before != Status::Failed;
    let away = working.before == Status::Processing || failed_at.since(row.created_at) > AWAY;
    let job = SendFailure { payment_id: row.id, failed_at: failed_at.micros() };
    (fell && away).then_some(job)
}

fn status_line(working: &Working) -> Option<Line> {
    (working.before != working.row.status).then(|| Line {
        actor: format!("provider:{}", working.row.provider),
        action: format!("payment.{}", working.row.status.as_str()),
        subject: working.row.id.to_string(),
        before: Some(working.before.as_str().to_owned()),
        after: Some(working.row.status.as_str().to_owned()),
    })
}

fn review_line(review: &str, case: &Case) -> Line {
    Line {
        actor: "system".to_owned(),
        action: "review.open".to_owned(),
        subject: case.payment_id.to_string(),
        before: None,
        after: Some(format!("{review} {}", case.rule)),
    }
}
