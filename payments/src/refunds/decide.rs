use entities::{
    PaymentId, RefundId, RefundRequestId, Timestamp,
    ledger_transfer::Kind,
    payment, refund,
    refund_request::{self, Model, State},
};
use jobs::Enqueued;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr,
};

use super::{
    MAX_WORDS,
    ask::{vanished, words},
    books_of_request,
};
use crate::{
    Error, Store,
    core::{
        Step,
        refunds::{self as rules, Approval, NotRefundable, RefundPolicy, Refusal, Reviewer},
    },
    money_back::Books,
};

/// A request after a decision about it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The request.
    pub request: Model,
    /// Jobs to be announced.
    pub enqueued: Vec<Enqueued>,
}

/// Approves request `id`, in full or `amount` minor units of it; `None` if there is no such request
/// (`AC9.5.3`, `AC9.6.4`).
///
/// The amount is set aside under the condition that the payment never pays back more than it took.
pub async fn approve(
    store: &Store,
    reviewer: Reviewer<'_>,
    id: RefundRequestId,
    amount: Option<i64>,
    policy: &RefundPolicy,
) -> Result<Option<Decided>, Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some(before) = books_of_request(&txn, id).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let mut after = before.clone();
    let row = after.request(id).ok_or_else(vanished)?;
    let amount = amount.unwrap_or(row.amount);
    match rules::approve(row, reviewer, amount, policy)? {
        Approval::First => {
            row.first_approved_by = Some(reviewer.user_ref.to_owned());
            row.first_approved_amount = Some(amount);
        }
        Approval::Final => {
            row.state = State::Approved;
            row.decided_by = Some(reviewer.user_ref.to_owned());
            row.decided_at = Some(now);
            reserve(&txn, &mut after, id, amount, now).await?;
        }
    }
    finish(txn, before, after, reviewer, id, now).await.map(Some)
}

/// Denies request `id` for `reason`, which the customer is told; `None` if there is no such request.
pub async fn deny(
    store: &Store,
    reviewer: Reviewer<'_>,
    id: RefundRequestId,
    reason: &str,
) -> Result<Option<Decided>, Error> {
    let reason = words(reason, MAX_WORDS)?;
    if reason.is_empty() {
        return Err(Error::Invalid("a denial has a reason, of 1 to 2000 characters"));
    }
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some(before) = books_of_request(&txn, id).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let mut after = before.clone();
    let row = after.request(id).ok_or_else(vanished)?;
    row.state = rules::deny(row, reviewer)?;
    row.denied_by.get_or_insert_with(|| reviewer.user_ref.to_owned());
    row.decided_by = Some(reviewer.user_ref.to_owned());
    row.decided_at = Some(now);
    row.decision = Some(reason.to_owned());
    let source = format!("{id}:{}", row.holds);
    after.step(Step::Kept(id, 0), Kind::Release, source);
    finish(txn, before, after, reviewer, id, now).await.map(Some)
}

async fn finish(
    txn: DatabaseTransaction,
    before: Books,
    after: Books,
    reviewer: Reviewer<'_>,
    id: RefundRequestId,
    now: Timestamp,
) -> Result<Decided, Error> {
    let actor = format!("user:{}", reviewer.user_ref);
    let enqueued = after.write(&txn, &before, &actor, now).await?;
    let written = refund_request::Entity::find_by_id(id).one(&txn).await?;
    txn.commit().await?;
    Ok(Decided { request: written.ok_or_else(vanished)?, enqueued })
}

/// Sets `amount` aside, and frees the credits that it leaves.
async fn reserve(
    txn: &DatabaseTransaction,
    books: &mut Books,
    id: RefundRequestId,
    amount: i64,
    now: Timestamp,
) -> Result<(), Error> {
    if books.is_disputed() {
        return Err(Refusal::NotRefundable(NotRefundable::Disputed).into());
    }
    let charged_back = books.around().charged_back;
    if !claim(txn, &mut books.payment, amount, charged_back).await? {
        return Err(Refusal::NotRefundable(NotRefundable::NothingLeft).into());
    }
    let payment = books.payment.clone();
    let row = books.request(id).ok_or_else(vanished)?;
    let credits = match amount {
        full if full == row.amount => row.unused,
        part => {
            let credits = rules::credits_for(part, payment.amount, row.granted);
            Ord::min(credits, row.unused)
        }
    };
    let source = format!("{id}:{}:rest", row.holds);
    books.step(Step::Kept(id, credits), Kind::Release, source);
    books.refunds.push(reserved(&payment, id, amount, credits, now));
    Ok(())
}

/// Σ refunds ≤ captured, whoever else is refunding at this moment.
async fn claim(
    txn: &DatabaseTransaction,
    payment: &mut payment::Model,
    amount: i64,
    charged_back: i64,
) -> Result<bool, Error> {
    use payment::Column;
    let id: PaymentId = payment.id;
    let fits =
        Expr::col(Column::Refunded).add(amount).add(charged_back).lte(Expr::col(Column::Amount));
    let written = payment::Entity::update_many()
        .col_expr(Column::Refunded, Expr::col(Column::Refunded).add(amount))
        .filter(Column::Id.eq(id).and(fits))
        .exec(txn)
        .await?;
    Ok(written.rows_affected == 1)
}

fn reserved(
    payment: &payment::Model,
    request: RefundRequestId,
    amount: i64,
    credits: i64,
    now: Timestamp,
) -> refund::Model {
    let id = RefundId::new();
    refund::Model {
        id,
        payment_id: payment.id,
        request_id: Some(request),
        provider: payment.provider,
        provider_reference: None,
        origin: refund::Origin::Desk,
        amount,
        currency: payment.currency.clone(),
        credits,
        state: refund::State::Reserved,
        booked: refund::Booked::Nothing,
        idempotency_key: Some(format!("refund-{id}")),
        first_sent_at: None,
        failure: None,
        version: 0,
        created_at: now,
        updated_at: now,
        succeeded_at: None,
    }
}
