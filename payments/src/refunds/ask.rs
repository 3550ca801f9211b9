use entities::{
    PaymentId, RefundRequestId, Timestamp, customer,
    ledger_transfer::Kind,
    refund_request::{Model, State},
};
use jobs::Enqueued;
use sea_orm::{DatabaseTransaction, EntityTrait};

use super::{APPEAL, DETAILS, MAX_REASON, MAX_WORDS, REASON, books, books_of_request, place};
use crate::{
    Error, Store,
    core::{
        Step,
        refunds::{self as rules, Offer, RefundPolicy},
    },
    money_back::Books,
};

/// What a customer asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The payment.
    pub payment_id: PaymentId,
    /// Why: 1 to [`MAX_REASON`] characters.
    pub reason: &'a str,
    /// More of it: at most [`MAX_WORDS`] characters.
    pub details: Option<&'a str>,
}

/// What a refund of `user_ref`'s payment `id` would be now; `None` if it is not theirs.
pub async fn quote(
    store: &Store,
    user_ref: &str,
    id: PaymentId,
    policy: &RefundPolicy,
) -> Result<Option<Offer>, Error> {
    let txn = store.db.begin().await?;
    let books = own(&txn, books(&txn, id).await?, user_ref).await?;
    txn.rollback().await?;
    let Some(books) = books else { return Ok(None) };
    Ok(Some(rules::offer(&books.payment, &books.around(), policy, store.clock.now())?))
}

/// Asks for a refund of a payment of `user_ref`'s, and sets its unused credits aside; `None` if the
/// payment is not theirs (`AC9.5.2`).
pub async fn ask(
    store: &Store,
    user_ref: &str,
    wish: Wish<'_>,
    policy: &RefundPolicy,
) -> Result<Option<(Model, Vec<Enqueued>)>, Error> {
    let reason = words(wish.reason, MAX_REASON)?;
    if reason.is_empty() {
        return Err(Error::Invalid("say why, in 1 to 200 characters"));
    }
    let details = wish.details.map(|text| words(text, MAX_WORDS)).transpose()?;
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some(before) = own(&txn, books(&txn, wish.payment_id).await?, user_ref).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let offer = rules::offer(&before.payment, &before.around(), policy, now)?;
    let id = RefundRequestId::new();
    let mut row = new_request(id, &before, &offer, user_ref, now);
    row.reason = store.vault.seal(place(REASON, id), reason.as_bytes())?;
    let seal = |text: &str| store.vault.seal(place(DETAILS, id), text.as_bytes());
    row.details = details.filter(|text| !text.is_empty()).map(seal).transpose()?;
    let mut after = before.clone();
    after.requests.push(row);
    after.step(Step::Asked(id, offer.unused), Kind::Hold, format!("{id}:1"));
    let enqueued = after.write(&txn, &before, &format!("user:{user_ref}"), now).await?;
    let written = entities::refund_request::Entity::find_by_id(id).one(&txn).await?;
    txn.commit().await?;
    let row = written.ok_or_else(|| Error::Inconsistent("a request vanished".to_owned()))?;
    Ok(Some((row, enqueued)))
}

/// Asks for a second look at a denial, by somebody else; `None` if the request is not `user_ref`'s
/// (`AC9.5.4`).
pub async fn appeal(
    store: &Store,
    user_ref: &str,
    id: RefundRequestId,
    text: &str,
    policy: &RefundPolicy,
) -> Result<Option<(Model, Vec<Enqueued>)>, Error> {
    let text = words(text, MAX_WORDS)?;
    if text.is_empty() {
        return Err(Error::Invalid("say why you disagree, in 1 to 2000 characters"));
    }
    let now = store.clock.now();
    let sealed = store.vault.seal(place(APPEAL, id), text.as_bytes())?;
    let txn = store.db.begin().await?;
    let Some(before) = own(&txn, books_of_request(&txn, id).await?, user_ref).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let mut after = before.clone();
    let (around, payment) = (after.around(), after.payment.clone());
    let row = after.request(id).ok_or_else(vanished)?;
    rules::appeal(row, policy, now)?;
    // The time it was first asked for counts; what is unused now does.
    let offer = rules::offer(&payment, &around, policy, row.created_at)?;
    row.state = State::Appealed;
    (row.amount, row.unused) = (offer.amount.minor, offer.unused);
    (row.appeal, row.appealed_at) = (Some(sealed), Some(now));
    (row.first_approved_by, row.first_approved_amount) = (None, None);
    row.holds += 1;
    let source = format!("{id}:{}", row.holds);
    after.step(Step::Asked(id, offer.unused), Kind::Hold, source);
    let enqueued = after.write(&txn, &before, &format!("user:{user_ref}"), now).await?;
    let written = entities::refund_request::Entity::find_by_id(id).one(&txn).await?;
    txn.commit().await?;
    Ok(Some((written.ok_or_else(vanished)?, enqueued)))
}

/// `books`, if they are of a payment of `user_ref`'s.
async fn own(
    txn: &DatabaseTransaction,
    books: Option<Books>,
    user_ref: &str,
) -> Result<Option<Books>, Error> {
    let Some(books) = books else { return Ok(None) };
    let owner = customer::Entity::find_by_id(books.payment.customer_id).one(txn).await?;
    Ok(owner.filter(|owner| owner.user_ref == user_ref).map(|_| books))
}

fn new_request(
    id: RefundRequestId,
    books: &Books,
    offer: &Offer,
    user_ref: &str,
    now: Timestamp,
) -> Model {
    Model {
        id,
        payment_id: books.payment.id,
        customer_id: books.payment.customer_id,
        state: State::PendingReview,
        reason: Vec::new(),
        details: None,
        appeal: None,
        amount: offer.amount.minor,
        currency: offer.amount.currency.clone(),
        unused: offer.unused,
        granted: offer.granted,
        held: 0,
        holds: 1,
        requested_by: user_ref.to_owned(),
        first_approved_by: None,
        first_approved_amount: None,
        denied_by: None,
        decided_by: None,
        decided_at: None,
        decision: None,
        version: 0,
        created_at: now,
        updated_at: now,
        appealed_at: None,
    }
}

/// `text` without what surrounds it, if it is not too long.
pub(super) fn words(text: &str, most: usize) -> Result<&str, Error> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Error::Invalid("the text is too long: 200 characters, 2000 for details"));
    }
    Ok(text)
}

pub(super) fn vanished() -> Error {
    Error::Inconsistent("a request for a refund vanished".to_owned())
}
