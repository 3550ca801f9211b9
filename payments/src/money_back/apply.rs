use std::collections::BTreeMap;

use boot::sql::{Column, Rows, Type, col};
use entities::{
    DisputeId, EventId, PaymentId, RefundId, ReviewId, Timestamp, dispute,
    ledger_transfer::Kind,
    money_back::{DisputeFact, RefundFact, WarningFact},
    payment, refund,
};
use jobs::{Enqueued, NewJob, queue};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{
    Books, follow_ups,
    owners::{Named, owners},
};
use crate::{
    Error,
    apply::Outcome,
    audit::{self, Line},
    core::{
        Mismatch, Policy, Step,
        money_back::{
            dispute_amount, dispute_mismatch, dispute_state, refund_mismatch, refund_state,
            told_funds, told_stage, warning_mismatch,
        },
        refunds::{credits_for, is_paid},
    },
    refunds::return_what_is_left,
    reviews::{self, Case},
};

/// The rule of the cases that early fraud warnings open.
const EARLY_FRAUD_WARNING: &str = "early-fraud-warning";

const IDS: &[Column] = &[col("id", Type::Uuid)];

/// What a provider told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Of a refund.
    Refund(Box<RefundFact>),
    /// Of a dispute.
    Dispute(Box<DisputeFact>),
    /// Of a suspicion of the bank's.
    Warning(Box<WarningFact>),
}

/// News, and how we learned of them.
#[derive(Clone, Debug)]
pub struct Item {
    /// What was said.
    pub news: News,
    /// The event that said so; `None` when we asked.
    pub event_id: Option<EventId>,
}

/// What [`apply`] did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// An outcome for each item, in order.
    pub outcomes: Vec<Outcome>,
    /// Jobs to be announced once the transaction is committed.
    pub enqueued: Vec<Enqueued>,
}

/// Brings our rows and the ledger to what `items` say, if and only if `txn` commits.
///
/// Fails with [`Error::Stale`] if somebody else was faster; then all of it is to be rolled back and
/// done again.
pub async fn apply(
    txn: &DatabaseTransaction,
    policy: &Policy,
    items: &[Item],
    now: Timestamp,
) -> Result<Applied, Error> {
    if items.is_empty() {
        return Ok(Applied::default());
    }
    let loaded = Books::load(txn, lock(txn, items).await?).await?;
    let (mut books, mut owners) = (loaded.clone(), owners(txn, items).await?);
    let mut cases: BTreeMap<(PaymentId, &'static str), Case> = BTreeMap::new();
    let (mut outcomes, mut lines) = (Vec::with_capacity(items.len()), Vec::new());
    for item in items {
        let Some(found) = books.iter_mut().find(|books| item.is_about(&books.payment)) else {
            outcomes.push(Outcome::Unknown);
            continue;
        };
        let (id, named) = (found.payment.id, Named::of(&item.news));
        let owner = named.as_ref().and_then(|named| owners.get(named));
        let told = match &item.news {
            _ if owner.is_some_and(|owner| *owner != id) => Err(Mismatch::Reference),
            News::Refund(fact) => tell_refund(found, fact, policy, now),
            News::Dispute(fact) => tell_dispute(found, fact, policy, now),
            // What is not paid yet cannot be refunded: the news comes again.
            News::Warning(_) if policy.refund_warnings && !is_paid(found.payment.status) => {
                outcomes.push(Outcome::Unknown);
                continue;
            }
            News::Warning(fact) => tell_warning(found, fact, policy, now).map(|(case, line)| {
                lines.extend(line);
                let case = Case { event_id: item.event_id, ..case };
                cases.entry((id, case.rule)).or_insert(case);
            }),
        };
        outcomes.push(match told {
            Ok(()) => {
                owners.extend(named.map(|named| (named, id)));
                Outcome::Applied(id)
            }
            Err(mismatch) => {
                let rule = item.rule(mismatch);
                let detail = item.detail(mismatch, &found.payment);
                let case = Case { payment_id: id, rule, detail, event_id: item.event_id };
                cases.entry((id, rule)).or_insert(case);
                Outcome::Contradicted(id, rule)
            }
        });
    }
    audit::write(txn, lines, now).await?;
    let mut enqueued = Vec::new();
    for (before, books) in loaded.iter().zip(books) {
        let actor = format!("provider:{}", before.payment.provider);
        enqueued.extend(books.write(txn, before, &actor, now).await?);
    }
    enqueued.extend(open(txn, cases.into_values().collect(), now).await?);
    Ok(Applied { outcomes, enqueued })
}

/// Books what was told of the payments `early` before their credits were granted, in the same
/// transaction as the grant.
pub(crate) async fn catch_up(
    txn: &DatabaseTransaction,
    early: Vec<PaymentId>,
    now: Timestamp,
) -> Result<Vec<Enqueued>, Error> {
    if early.is_empty() {
        return Ok(Vec::new());
    }
    let find = payment::Entity::find()
        .filter(payment::Column::Id.is_in(early))
        .order_by_asc(payment::Column::Id)
        .lock_exclusive();
    let mut enqueued = Vec::new();
    for before in Books::load(txn, find.all(txn).await?).await? {
        let actor = format!("provider:{}", before.payment.provider);
        enqueued.extend(before.clone().write(txn, &before, &actor, now).await?);
    }
    Ok(enqueued)
}

/// Sets aside what is left of the credits of payments that were granted before their reviews were
/// opened, by this transaction.
pub(crate) async fn suspect(
    txn: &DatabaseTransaction,
    cases: Vec<(PaymentId, ReviewId)>,
    now: Timestamp,
) -> Result<(), Error> {
    if cases.is_empty() {
        return Ok(());
    }
    let find = payment::Entity::find()
        .filter(payment::Column::Id.is_in(cases.iter().map(|(payment, _)| *payment)))
        .order_by_asc(payment::Column::Id)
        .lock_exclusive();
    for before in Books::load(txn, find.all(txn).await?).await? {
        let mut after = before.clone();
        for (_, review) in cases.iter().filter(|(payment, _)| *payment == before.payment.id) {
            after.step(Step::Suspected(*review), Kind::Hold, review.to_string());
        }
        after.write(txn, &before, "system", now).await?;
    }
    Ok(())
}

/// Those of `payments` of which a refund or a dispute is known.
pub(crate) async fn early(
    txn: &DatabaseTransaction,
    payments: &[PaymentId],
) -> Result<Vec<PaymentId>, DbErr> {
    if payments.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Rows::new(IDS);
    for id in payments {
        rows.push([id.uuid().into()]);
    }
    let body = "SELECT r.payment_id AS id FROM refunds r JOIN v ON v.id = r.payment_id UNION SELECT \
                d.payment_id AS id FROM disputes d JOIN v ON v.id = d.payment_id";
    let statement = rows.statement(txn.get_database_backend(), body, Vec::new());
    let found = txn.query_all_raw(statement).await?;
    found.iter().map(|row| Ok(PaymentId::from_uuid(row.try_get("", "id")?))).collect()
}

/// Reads and locks the payments that `items` name, in the order of ids as everybody does.
async fn lock(txn: &DatabaseTransaction, items: &[Item]) -> Result<Vec<payment::Model>, DbErr> {
    let references = items.iter().map(Item::payment_reference);
    let find = payment::Entity::find()
        .filter(payment::Column::ProviderReference.is_in(references))
        .order_by_asc(payment::Column::Id)
        .lock_exclusive();
    find.all(txn).await
}

async fn open(
    txn: &DatabaseTransaction,
    cases: Vec<Case>,
    now: Timestamp,
) -> Result<Vec<Enqueued>, Error> {
    let opened = reviews::open(txn, cases, now).await?;
    let lines = opened.iter().map(|(id, case)| follow_ups::review_line(*id, case));
    audit::write(txn, lines.collect(), now).await?;
    let jobs: Vec<NewJob> = opened
        .iter()
        .map(|(id, case)| NewJob::of(&follow_ups::review_alert(*id, case), now))
        .collect();
    Ok(queue::insert(txn, jobs, now).await?)
}

/// Notes what `fact` says of a refund of ours, or of one that we hear of for the first time.
fn tell_refund(
    books: &mut Books,
    fact: &RefundFact,
    policy: &Policy,
    now: Timestamp,
) -> Result<(), Mismatch> {
    if let Some(mismatch) = refund_mismatch(&books.payment, fact, policy) {
        return Err(mismatch);
    }
    let index = find_refund(&books.refunds, fact).unwrap_or_else(|| {
        books.refunds.push(new_refund(&books.payment, fact, now));
        books.refunds.len() - 1
    });
    let row = &mut books.refunds[index];
    if row.amount != fact.amount.minor {
        return Err(Mismatch::Amount);
    }
    row.provider_reference.get_or_insert_with(|| fact.reference.clone());
    if let Some(state) = refund_state(row.state, &fact.news) {
        row.state = state;
        if let entities::money_back::RefundNews::Failed(code) = &fact.news {
            row.failure = Some(code.clone());
        }
    }
    Ok(())
}

/// The refund with the provider's id, else the one it claims to be and that has none yet.
fn find_refund(refunds: &[refund::Model], fact: &RefundFact) -> Option<usize> {
    let by_reference =
        refunds.iter().position(|row| row.provider_reference.as_ref() == Some(&fact.reference));
    let claimed = || {
        let claimed = fact.claimed?;
        refunds.iter().position(|row| row.id == claimed && row.provider_reference.is_none())
    };
    by_reference.or_else(claimed)
}

fn new_refund(payment: &payment::Model, fact: &RefundFact, now: Timestamp) -> refund::Model {
    let (amount, total) = (fact.amount.minor, payment.total_credits());
    refund::Model {
        id: RefundId::new(),
        payment_id: payment.id,
        request_id: None,
        provider: payment.provider,
        provider_reference: Some(fact.reference.clone()),
        origin: refund::Origin::Provider,
        amount,
        currency: payment.currency.clone(),
        credits: credits_for(amount, payment.amount, total),
        state: refund::State::Reserved,
        booked: refund::Booked::Nothing,
        idempotency_key: None,
        first_sent_at: None,
        failure: None,
        version: 0,
        created_at: now,
        updated_at: now,
        succeeded_at: None,
    }
}

/// Notes what `fact` says of a dispute.
fn tell_dispute(
    books: &mut Books,
    fact: &DisputeFact,
    policy: &Policy,
    now: Timestamp,
) -> Result<(), Mismatch> {
    if let Some(mismatch) = dispute_mismatch(&books.payment, fact, policy) {
        return Err(mismatch);
    }
    let known = books.disputes.iter().position(|row| row.provider_reference == fact.reference);
    let index = known.unwrap_or_else(|| {
        books.disputes.push(new_dispute(&books.payment, fact, now));
        books.disputes.len() - 1
    });
    let total = books.payment.total_credits();
    let row = &mut books.disputes[index];
    match dispute_amount(row, fact) {
        Some(amount) if amount != row.amount => {
            row.amount = amount;
            row.credits = credits_for(amount, books.payment.amount, total);
        }
        Some(_) => {}
        None => return Err(Mismatch::Amount),
    }
    row.state = dispute_state(row.state, fact.stage).unwrap_or(row.state);
    row.funds = row.funds.max(told_funds(fact.funds));
    row.evidence_due = row.evidence_due.max(fact.evidence_due);
    row.opened_at = row.opened_at.min(fact.occurred_at);
    Ok(())
}

fn new_dispute(payment: &payment::Model, fact: &DisputeFact, now: Timestamp) -> dispute::Model {
    let (amount, total) = (fact.amount.minor, payment.total_credits());
    dispute::Model {
        id: DisputeId::new(),
        payment_id: payment.id,
        provider: payment.provider,
        provider_reference: fact.reference.clone(),
        amount,
        currency: payment.currency.clone(),
        credits: credits_for(amount, payment.amount, total),
        reason: fact.reason.clone(),
        state: told_stage(fact.stage),
        funds: dispute::Funds::Untouched,
        booked: dispute::Booked::Nothing,
        booked_funds: dispute::Funds::Untouched,
        held: 0,
        evidence_due: fact.evidence_due,
        opened_at: fact.occurred_at,
        version: 0,
        created_at: now,
        updated_at: now,
        closed_at: None,
    }
}

/// Notes that the payer's bank suspects fraud, and refunds what is left if that is the policy: the
/// case to open, and the audit line of the refund.
///
/// The policy refunds once: what it sent and was not paid is for a person.
fn tell_warning(
    books: &mut Books,
    fact: &WarningFact,
    policy: &Policy,
    now: Timestamp,
) -> Result<(Case, Option<Line>), Mismatch> {
    if let Some(mismatch) = warning_mismatch(&books.payment, fact, policy) {
        return Err(mismatch);
    }
    let by_policy =
        |row: &&refund::Model| row.origin == refund::Origin::Desk && row.request_id.is_none();
    let known = books.refunds.iter().any(|row| by_policy(&row));
    if policy.refund_warnings && fact.actionable && !known {
        return_what_is_left(books, now);
    }
    let sent = books.refunds.iter().rev().find(by_policy);
    let follows = sent.map_or_else(
        || "refund it, or it is likely to be disputed".to_owned(),
        |refund| format!("{} of it go back by policy", refund.money()),
    );
    let (provider, price) = (fact.provider, books.payment.price());
    let case = Case {
        payment_id: books.payment.id,
        rule: EARLY_FRAUD_WARNING,
        detail: format!(
            "{provider} says that the payer's bank suspects fraud ({}) in a payment of {price}; \
             {follows}",
            fact.reason
        ),
        event_id: None,
    };
    let line = sent.filter(|_| !known).map(|refund| Line {
        actor: format!("policy:{EARLY_FRAUD_WARNING}"),
        action: "refund.approved".to_owned(),
        subject: books.payment.id.to_string(),
        before: None,
        after: Some(format!("{} {} {}", refund.id, refund.money(), fact.reference)),
    });
    Ok((case, line))
}

impl Item {
    fn payment_reference(&self) -> &str {
        match &self.news {
            News::Refund(fact) => &fact.payment_reference,
            News::Dispute(fact) => &fact.payment_reference,
            News::Warning(fact) => &fact.payment_reference,
        }
    }

    fn is_about(&self, payment: &payment::Model) -> bool {
        payment.provider_reference.as_deref() == Some(self.payment_reference())
    }

    fn rule(&self, mismatch: Mismatch) -> &'static str {
        match (&self.news, mismatch) {
            (News::Refund(_), Mismatch::Amount) => "refund-amount-mismatch",
            (News::Dispute(_), Mismatch::Amount) => "dispute-amount-mismatch",
            (_, other) => other.rule(),
        }
    }

    /// What was seen, in a sentence for the reviewer.
    fn detail(&self, mismatch: Mismatch, payment: &payment::Model) -> String {
        let what = match &self.news {
            News::Refund(fact) => format!("a refund of {}", fact.amount),
            News::Dispute(fact) => format!("a dispute of {}", fact.amount),
            News::Warning(_) => "a suspicion of fraud".to_owned(),
        };
        format!(
            "the provider tells of {what} for a payment of {}: {}",
            payment.price(),
            mismatch.rule()
        )
    }
}
