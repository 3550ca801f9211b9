use entities::{
    ReviewId, Timestamp, block, customer,
    ledger_transfer::Kind,
    payment::Status,
    review::{Entity, Model, State},
};
use jobs::Enqueued;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, Set, Unchanged};

use crate::{
    Error, Store,
    audit::{self, Line},
    blocklist::{self, Entry},
    checkout,
    core::{
        Step,
        refunds::{Refusal, Reviewer, is_paid},
    },
    customers,
    fraud::domain,
    money_back::Books,
    refunds,
    reviews::contact,
};

/// What customers are told whose credits are free.
const RELEASED: &str = "We have looked at your payment, and all is well: your credits are yours to \
                        spend. Thank you for your patience.";

/// Longest note of a reviewer, in characters.
const NOTE: usize = 2_000;

/// A case after a decision about it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The case.
    pub review: Model,
    /// Jobs to be announced.
    pub enqueued: Vec<Enqueued>,
}

/// What is done about fraud, beside sending the money back and flagging the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// What is put on the blocklist; the user is, in any case.
    pub block: Vec<block::Kind>,
    /// What the next person should know.
    pub note: Option<String>,
}

/// Finds case `id` harmless: credits that were set aside for it are free; `None` if there is no such
/// case.
pub async fn release(
    store: &Store,
    reviewer: Reviewer<'_>,
    id: ReviewId,
    note: Option<&str>,
) -> Result<Option<Decided>, Error> {
    let note = words(note)?;
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some((before, _)) = begin(&txn, reviewer, id).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let mut after = before.clone();
    settle(after.review(id).ok_or_else(vanished)?, State::Released, reviewer, note, now);
    after.step(Step::Cleared(id), Kind::Release, id.to_string());
    let was_held = before.reviews.iter().any(|row| row.id == id && row.held > 0);
    let told = if was_held {
        contact::write(store, &txn, reviewer.user_ref, id, RELEASED, now).await?
    } else {
        None
    };
    let mut decided = finish(txn, (&before, after), reviewer, id, Vec::new(), now).await?;
    decided.enqueued.extend(told);
    Ok(Some(decided))
}

/// Confirms that case `id` is fraud: what is left of the money goes back, the credits are set aside
/// until it has and are taken then, the payment is blocked and the account flagged; `None` if there
/// is no such case (`AC9.3.5`).
pub async fn confirm(
    store: &Store,
    reviewer: Reviewer<'_>,
    id: ReviewId,
    confirmation: &Confirmation,
) -> Result<Option<Decided>, Error> {
    let note = words(confirmation.note.as_deref())?;
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some((before, customer)) = begin(&txn, reviewer, id).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let mut after = before.clone();
    settle(after.review(id).ok_or_else(vanished)?, State::Confirmed, reviewer, note, now);
    after.step(Step::Fraud(id), Kind::Hold, format!("{id}:fraud"));
    if is_paid(after.payment.status) {
        refunds::return_what_is_left(&mut after, now);
        after.payment.status = Status::Blocked;
    }
    let mut lines = flag(&txn, &customer, now).await?;
    for entry in entries(store, &before, &customer, id, confirmation)? {
        let actor = format!("user:{}", reviewer.user_ref);
        lines.extend(blocklist::write(&txn, entry, &actor, now).await?.1);
    }
    finish(txn, (&before, after), reviewer, id, lines, now).await.map(Some)
}

/// The books of the payment of case `id`, locked, and its customer, if `reviewer` may decide now.
async fn begin(
    txn: &DatabaseTransaction,
    reviewer: Reviewer<'_>,
    id: ReviewId,
) -> Result<Option<(Books, customer::Model)>, Error> {
    let Some(found) = Entity::find_by_id(id).one(txn).await? else { return Ok(None) };
    // Read again behind the lock: of two reviewers the second sees what the first decided.
    let Some(mut books) = refunds::books(txn, found.payment_id).await? else { return Ok(None) };
    let row = books.review(id).ok_or_else(vanished)?;
    if row.state != State::Open {
        return Err(Refusal::Decided(row.state).into());
    }
    if row.version != reviewer.version {
        return Err(Refusal::Stale.into());
    }
    let customer = customer::Entity::find_by_id(books.payment.customer_id).one(txn).await?;
    let customer = customer.ok_or_else(vanished)?;
    if customer.user_ref == reviewer.user_ref {
        return Err(Refusal::OwnRequest.into());
    }
    Ok(Some((books, customer)))
}

fn settle(
    row: &mut Model,
    state: State,
    reviewer: Reviewer<'_>,
    note: Option<String>,
    now: Timestamp,
) {
    row.state = state;
    row.decided_by = Some(reviewer.user_ref.to_owned());
    row.decided_at = Some(now);
    row.note = note;
}

async fn finish(
    txn: DatabaseTransaction,
    (before, after): (&Books, Books),
    reviewer: Reviewer<'_>,
    id: ReviewId,
    mut lines: Vec<Line>,
    now: Timestamp,
) -> Result<Decided, Error> {
    let actor = format!("user:{}", reviewer.user_ref);
    let payment_id = after.payment.id;
    let enqueued = after.write(&txn, before, &actor, now).await?;
    let review = Entity::find_by_id(id).one(&txn).await?.ok_or_else(vanished)?;
    for line in &mut lines {
        line.actor.clone_from(&actor);
    }
    lines.push(Line {
        actor,
        action: format!("review.{}", review.state.as_str()),
        subject: payment_id.to_string(),
        before: Some(State::Open.as_str().to_owned()),
        after: Some(format!("{id} {}", review.rule)),
    });
    audit::write(&txn, lines, now).await?;
    txn.commit().await?;
    Ok(Decided { review, enqueued })
}

/// Flags `customer`, once.
async fn flag(
    txn: &DatabaseTransaction,
    customer: &customer::Model,
    now: Timestamp,
) -> Result<Vec<Line>, Error> {
    if customer.flagged_at.is_some() {
        return Ok(Vec::new());
    }
    let row = customer::ActiveModel {
        id: Unchanged(customer.id),
        flagged_at: Set(Some(now)),
        updated_at: Set(now),
        ..Default::default()
    };
    row.update(txn).await?;
    Ok(vec![Line {
        actor: String::new(),
        action: "account.flag".to_owned(),
        subject: customer.id.to_string(),
        before: None,
        after: Some("confirmed fraud".to_owned()),
    }])
}

/// What goes on the blocklist, as far as it is known of the payment.
fn entries(
    store: &Store,
    books: &Books,
    customer: &customer::Model,
    id: ReviewId,
    confirmation: &Confirmation,
) -> Result<Vec<Entry>, Error> {
    let payment = &books.payment;
    let wanted = |kind| kind == block::Kind::User || confirmation.block.contains(&kind);
    let place = checkout::address_place(payment.id);
    let address = payment.address.as_deref();
    let address = address.map(|sealed| store.vault.unseal_text(place, sealed)).transpose()?;
    let email = customers::email(store, customer)?;
    let known = [
        (block::Kind::User, Some(customer.user_ref.clone())),
        (block::Kind::Card, payment.card_blind.clone()),
        (block::Kind::EmailDomain, email.as_deref().and_then(domain)),
        (block::Kind::Address, address),
    ];
    let known = known.into_iter().filter(|(kind, _)| wanted(*kind));
    let entry = |(kind, value): (block::Kind, Option<String>)| {
        let reason = format!("confirmed fraud, payment {}", payment.id);
        value.map(|value| Entry::new(kind, &value, &reason, None, Some(id)))
    };
    known.filter_map(entry).collect()
}

fn words(note: Option<&str>) -> Result<Option<String>, Error> {
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > NOTE) {
        return Err(Error::Invalid("a note has at most 2000 characters"));
    }
    Ok(note.map(str::to_owned))
}

fn vanished() -> Error {
    Error::Inconsistent("a review vanished".to_owned())
}
