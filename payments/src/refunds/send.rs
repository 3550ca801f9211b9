use std::time::Duration;

use entities::{
    Money, Provider, RefundId, Timestamp,
    money_back::RefundFact,
    payment,
    refund::{Entity, Model, State},
};
use jobs::Enqueued;
use sea_orm::EntityTrait;

use super::books;
use crate::{
    Error, Store,
    apply::Outcome,
    core::Policy,
    money_back::{self, Books, Item, News},
};

/// For how long a refund is sent again under its key. Stripe may forget keys after 24 hours, and a
/// forgotten key is a new refund.
const RESEND_WITHIN: Duration = Duration::from_hours(23);

/// A refund to be sent, or looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The refund; the provider's object will name it.
    pub refund_id: RefundId,
    /// Who moves the money.
    pub provider: Provider,
    /// The provider's id of the payment.
    pub payment_reference: String,
    /// How much goes back.
    pub amount: Money,
    /// The key under which it is sent, every time.
    pub key: String,
}

/// What is to be done next about a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send it; nobody has.
    Send(Order),
    /// It may have been sent: look first, and send it again under its key if it is not there.
    LookThenSend(Order),
    /// It may have been sent, so long ago that its key may be forgotten: only look.
    Look(Order),
    /// Nothing: it is known.
    Nothing(Vec<Enqueued>),
}

/// Notes that refund `id` is about to be sent, unless it was, or must not be any more.
///
/// Committed before the first byte goes out, so that a crash leaves a refund to be looked for.
pub async fn begin(store: &Store, id: RefundId) -> Result<Next, Error> {
    let now = store.clock.now();
    let row = Entity::find_by_id(id).one(store.db.reader()).await?.ok_or_else(vanished)?;
    let txn = store.db.begin().await?;
    let before = books(&txn, row.payment_id).await?.ok_or_else(vanished)?;
    let mut after = before.clone();
    let overdrawn = after.payment.refunded > after.payment.amount;
    let disputed = after.is_disputed();
    let payment = after.payment.clone();
    let row = find(&mut after, id)?;
    let next = match row.state {
        State::Reserved if disputed || overdrawn => {
            row.state = State::Canceled;
            row.failure = Some(if disputed { "disputed" } else { "refunded_elsewhere" }.to_owned());
            None
        }
        State::Reserved => {
            row.state = State::Submitting;
            row.first_sent_at = Some(now);
            Some(Next::Send(order(&payment, row)?))
        }
        State::Submitting | State::Unknown if may_resend(row, now) => {
            Some(Next::LookThenSend(order(&payment, row)?))
        }
        State::Submitting | State::Unknown => Some(Next::Look(order(&payment, row)?)),
        State::Pending | State::Succeeded | State::Canceled | State::Failed => None,
    };
    let enqueued = after.write(&txn, &before, "system", now).await?;
    txn.commit().await?;
    Ok(next.unwrap_or(Next::Nothing(enqueued)))
}

/// Notes that refund `id` was sent, and that no answer could be read.
pub async fn unanswered(store: &Store, id: RefundId) -> Result<Vec<Enqueued>, Error> {
    change(store, id, |row| {
        if row.state == State::Submitting {
            row.state = State::Unknown;
        }
    })
    .await
}

/// Notes that the provider refused refund `id` for good, and has no such refund.
pub async fn refused(store: &Store, id: RefundId, code: &str) -> Result<Vec<Enqueued>, Error> {
    change(store, id, |row| {
        if row.state.rank() < State::Pending.rank() {
            row.state = State::Failed;
            row.failure = Some(code.to_owned());
        }
    })
    .await
}

/// Brings our rows to what the provider answered about a refund.
pub async fn tell(
    store: &Store,
    policy: &Policy,
    facts: Vec<RefundFact>,
) -> Result<(Vec<Outcome>, Vec<Enqueued>), Error> {
    let items: Vec<Item> = facts
        .into_iter()
        .map(|fact| Item { news: News::Refund(Box::new(fact)), event_id: None })
        .collect();
    let txn = store.db.begin().await?;
    let applied = money_back::apply(&txn, policy, &items, store.clock.now()).await?;
    txn.commit().await?;
    Ok((applied.outcomes, applied.enqueued))
}

async fn change(
    store: &Store,
    id: RefundId,
    change: impl FnOnce(&mut Model) + Send,
) -> Result<Vec<Enqueued>, Error> {
    let row = Entity::find_by_id(id).one(store.db.reader()).await?.ok_or_else(vanished)?;
    let txn = store.db.begin().await?;
    let before = books(&txn, row.payment_id).await?.ok_or_else(vanished)?;
    let mut after = before.clone();
    change(find(&mut after, id)?);
    let enqueued = after.write(&txn, &before, "system", store.clock.now()).await?;
    txn.commit().await?;
    Ok(enqueued)
}

fn find(books: &mut Books, id: RefundId) -> Result<&mut Model, Error> {
    books.refunds.iter_mut().find(|row| row.id == id).ok_or_else(vanished)
}

fn may_resend(row: &Model, now: Timestamp) -> bool {
    row.first_sent_at.is_some_and(|sent| now.since(sent) < RESEND_WITHIN)
}

fn order(payment: &payment::Model, row: &Model) -> Result<Order, Error> {
    let missing = || Error::Inconsistent(format!("{} has no key or no payment to refund", row.id));
    Ok(Order {
        refund_id: row.id,
        provider: row.provider,
        payment_reference: payment.provider_reference.clone().ok_or_else(missing)?,
        amount: row.money(),
        key: row.idempotency_key.clone().ok_or_else(missing)?,
    })
}

fn vanished() -> Error {
    Error::Inconsistent("a refund vanished".to_owned())
}
