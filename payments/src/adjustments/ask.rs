use entities::{
    AdjustmentId,
    adjustment::{Column, Entity, Model, State},
};
use jobs::{Alert, Enqueued, NewJob, queue};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::OnConflict,
};

use super::{check_open, decide::settle, limit::changed_alone, log, place};
use crate::{
    Error, Store,
    core::adjustments::{AdjustmentPolicy, MOST, waits},
    customers,
};

/// Longest reason, in characters.
const REASON: usize = 500;

/// Longest reference, in bytes.
const REFERENCE: usize = 255;

/// Who asks for a change.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The host application's id of them.
    pub user_ref: &'a str,
    /// Whether they are an admin; who is not needs one who agrees.
    pub is_admin: bool,
}

/// A change of a balance.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// Whose balance, by the host application's id.
    pub user_ref: &'a str,
    /// How many credits: positive are given, negative are taken.
    pub credits: i64,
    /// Why, in 1 to 500 characters.
    pub reason: &'a str,
    /// What whoever asks calls it, in 1 to 255 bytes: the same is the same change.
    pub reference: &'a str,
}

impl std::fmt::Debug for Wish<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wish").field("credits", &self.credits).finish_non_exhaustive()
    }
}

/// Changes a balance as `wish` says, or notes that an admin has to approve it; `None` if there is no
/// such user. Fails with [`Error::Closed`] if their account was deleted. Asking twice with one reference is asking once, and with another number of credits
/// fails with [`Error::SpentDifferently`].
pub async fn ask(
    store: &Store,
    asker: Asker<'_>,
    wish: Wish<'_>,
    policy: &AdjustmentPolicy,
) -> Result<Option<(Model, Vec<Enqueued>)>, Error> {
    check(wish)?;
    let Some(customer) = customers::find(store, wish.user_ref).await? else { return Ok(None) };
    let (id, now) = (AdjustmentId::new(), store.clock.now());
    let row = Model {
        id,
        customer_id: customer.id,
        credits: wish.credits,
        remaining: 0,
        reason: Some(store.vault.seal(place(id), wish.reason.trim().as_bytes())?),
        state: State::Waiting,
        reference: wish.reference.to_owned(),
        asked_by: asker.user_ref.to_owned(),
        decided_by: None,
        version: 0,
        created_at: now,
        decided_at: None,
    };
    let txn = store.db.begin().await?;
    check_open(&txn, customer.id).await?;
    if !insert(&txn, &row).await? {
        txn.rollback().await?;
        return before(store, &row).await.map(|row| Some((row, Vec::new())));
    }
    log(&txn, &row, (asker.user_ref, "asked"), now).await?;
    let alone = changed_alone(&txn, asker.user_ref, now).await?;
    if waits(policy, wish.credits, alone, asker.is_admin) {
        let enqueued = queue::insert(&txn, vec![NewJob::of(&alert(&row), now)], now).await?;
        txn.commit().await?;
        return Ok(Some((row, enqueued)));
    }
    let row = settle(&txn, row, (asker.user_ref, true), now).await?;
    txn.commit().await?;
    Ok(Some((row, Vec::new())))
}

/// Writes `row`, unless its reference was used before.
async fn insert(txn: &DatabaseTransaction, row: &Model) -> Result<bool, Error> {
    let once = OnConflict::columns([Column::CustomerId, Column::Reference]).do_nothing().to_owned();
    let written = Entity::insert(row.clone().into_active_model().reset_all())
        .on_conflict(once)
        .exec_without_returning(txn)
        .await?;
    Ok(written == 1)
}

/// The change that has the reference of `row`, if it is the same.
async fn before(store: &Store, row: &Model) -> Result<Model, Error> {
    let found = Entity::find()
        .filter(Column::CustomerId.eq(row.customer_id))
        .filter(Column::Reference.eq(&row.reference))
        .one(store.db.writer())
        .await?;
    let found = found.ok_or_else(|| Error::Inconsistent("a change vanished".to_owned()))?;
    if found.credits != row.credits {
        return Err(Error::SpentDifferently { asked: row.credits, before: found.credits });
    }
    Ok(found)
}

fn check(wish: Wish<'_>) -> Result<(), Error> {
    if wish.credits == 0 || !(-MOST..=MOST).contains(&wish.credits) {
        return Err(Error::Invalid("a change is of 1 to 1000000000 credits, plus or minus"));
    }
    if !(1..=REASON).contains(&wish.reason.trim().chars().count()) {
        return Err(Error::Invalid("a change has a reason, of 1 to 500 characters"));
    }
    if !(1..=REFERENCE).contains(&wish.reference.len()) {
        return Err(Error::Invalid("a change's reference has 1 to 255 bytes"));
    }
    Ok(())
}

fn alert(row: &Model) -> Alert {
    Alert {
        kind: "adjustment-waiting".to_owned(),
        subject: row.id.to_string(),
        detail: format!(
            "{} asks for a change of {} by {:+} credits; an admin has to approve it",
            row.asked_by, row.customer_id, row.credits
        ),
    }
}
