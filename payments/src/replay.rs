//! Feeding an event in again: as a dry run that shows what would change, and for good.

use entities::{
    EventId, JobId, PaymentId, TransferId, job, ledger_entry, ledger_transfer, payment,
    provider_event::{Column, Entity, State},
};
use jobs::{ApplyEvent, Enqueued, Job, LookUpEvent, SyncMethods, queue};
use sea_orm::{
    ActiveEnum, ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter,
    sea_query::Expr,
};

use crate::{
    Error, Store,
    apply::{self, Outcome},
    audit::{self, Line},
    core::Policy,
    money_back::{self, News},
};

/// What an event says, as it would be applied.
#[derive(Clone, Debug)]
pub enum Told {
    /// News about a payment.
    Payment(Box<apply::Item>),
    /// News about money that goes back.
    MoneyBack(money_back::Item),
}

/// What would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The payment it is about; `None` if none of ours fits.
    pub payment_id: Option<PaymentId>,
    /// Which rule it breaks: then nothing changes but that a person has to look.
    pub contradicts: Option<&'static str>,
    /// The payment's status now.
    pub status: Option<String>,
    /// What it would be.
    pub status_after: Option<String>,
    /// What the ledger would move.
    pub entries: Vec<Entry>,
    /// The jobs that would follow, by name: mails among them.
    pub jobs: Vec<String>,
}

/// One leg of a transfer that would be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Of what kind the transfer is.
    pub transfer: String,
    /// The account.
    pub account: String,
    /// `credits`, or a currency.
    pub asset: String,
    /// How much, signed.
    pub amount: i64,
}

/// Applies `told` as a worker would, says what that changed, and takes all of it back.
pub async fn preview(store: &Store, policy: &Policy, told: Told) -> Result<Preview, Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let (named, before) = named(&txn, &told).await?;
    let first = TransferId::new();
    let (outcomes, enqueued) = match told {
        Told::Payment(item) => {
            let applied = apply::apply(&txn, &store.vault, policy, &[*item], now).await?;
            (applied.outcomes, applied.enqueued)
        }
        Told::MoneyBack(item) => {
            let applied = money_back::apply(&txn, policy, &[item], now).await?;
            (applied.outcomes, applied.enqueued)
        }
    };
    let (payment_id, contradicts) = match outcomes.first() {
        Some(Outcome::Applied(id)) => (Some(*id), None),
        Some(Outcome::Contradicted(id, rule)) => (Some(*id), Some(*rule)),
        Some(Outcome::Unknown) | None => (named, None),
    };
    let mut preview = Preview { payment_id, contradicts, ..Preview::default() };
    if let Some(id) = payment_id {
        let after = payment::Entity::find_by_id(id).one(&txn).await?;
        preview.status = before.filter(|row| row.id == id).map(|row| row.status.as_str().into());
        preview.status_after = after.as_ref().map(|row| row.status.as_str().to_owned());
        preview.status = preview.status.or_else(|| preview.status_after.clone());
        if let Some(after) = after {
            preview.entries = entries(&txn, &after, first).await?;
        }
    }
    preview.jobs = names(&txn, &enqueued).await?;
    txn.rollback().await?;
    Ok(preview)
}

/// The payment that `told` names, as it is before anything is applied.
async fn named(
    txn: &DatabaseTransaction,
    told: &Told,
) -> Result<(Option<PaymentId>, Option<payment::Model>), Error> {
    use payment::Column as Payment;
    let (provider, reference, claimed) = match told {
        Told::Payment(item) => (item.fact.provider, item.fact.reference.clone(), item.fact.claimed),
        Told::MoneyBack(item) => match &item.news {
            News::Refund(fact) => (fact.provider, fact.payment_reference.clone(), None),
            News::Dispute(fact) => (fact.provider, fact.payment_reference.clone(), None),
            News::Warning(fact) => (fact.provider, fact.payment_reference.clone(), None),
        },
    };
    let by_reference = Payment::Provider.eq(provider).and(Payment::ProviderReference.eq(reference));
    let mut row = payment::Entity::find().filter(by_reference).one(txn).await?;
    if let (None, Some(id)) = (&row, claimed) {
        row = payment::Entity::find_by_id(id).one(txn).await?;
    }
    Ok((row.as_ref().map(|row| row.id), row))
}

/// What was booked for the customer of `payment` since `first` was made.
async fn entries(
    txn: &DatabaseTransaction,
    payment: &payment::Model,
    first: TransferId,
) -> Result<Vec<Entry>, Error> {
    use ledger_transfer::Column as Transfer;
    let booked = Transfer::CustomerId.eq(payment.customer_id).and(Transfer::Id.gt(first));
    let transfers = ledger_transfer::Entity::find().filter(booked).all(txn).await?;
    let ids = transfers.iter().map(|transfer| transfer.id);
    let legs = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::TransferId.is_in(ids))
        .all(txn)
        .await?;
    let entry = |leg: ledger_entry::Model| {
        let transfer = transfers.iter().find(|transfer| transfer.id == leg.transfer_id)?;
        let (account, asset, amount) = (leg.account, leg.asset, leg.amount);
        Some(Entry { transfer: transfer.kind.as_str().to_owned(), account, asset, amount })
    };
    Ok(legs.into_iter().filter_map(entry).collect())
}

async fn names(txn: &DatabaseTransaction, enqueued: &[Enqueued]) -> Result<Vec<String>, Error> {
    let ids: Vec<JobId> = enqueued.iter().map(|job| job.id).collect();
    let jobs = job::Entity::find().filter(job::Column::Id.is_in(ids)).all(txn).await?;
    let mut names: Vec<String> = jobs.into_iter().map(|job| job.name).collect();
    names.sort();
    Ok(names)
}

/// Jobs that an event gave rise to and that would not be asked for a second time.
const OF_EVENTS: [&str; 3] = [ApplyEvent::NAME, LookUpEvent::NAME, SyncMethods::NAME];

/// Has event `id` applied again, as if it had just come; `None` if there is no such event.
///
/// What it granted or booked stays granted once. An event that was applied stays so.
pub async fn again(store: &Store, id: EventId, by: &str) -> Result<Option<Vec<Enqueued>>, Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some(event) = Entity::find_by_id(id).one(&txn).await? else { return Ok(None) };
    let open = Column::Id.eq(id).and(Column::State.ne(State::Applied));
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Received))
        .col_expr(Column::Parks, Expr::value(0_i64))
        .col_expr(Column::Error, Expr::value(Option::<String>::None))
        .col_expr(Column::SettledAt, Expr::value(Option::<i64>::None))
        .filter(open)
        .exec(&txn)
        .await?;
    queue::forget(&txn, &OF_EVENTS, &id.to_string()).await?;
    let enqueued = ApplyEvent { event_id: id }.enqueue(&txn, now).await?;
    let line = Line {
        actor: by.to_owned(),
        action: "event.replay".to_owned(),
        subject: id.to_string(),
        before: Some(state(event.state)),
        after: None,
    };
    audit::write(&txn, vec![line], now).await?;
    txn.commit().await?;
    Ok(Some(enqueued.into_iter().collect()))
}

fn state(state: State) -> String {
    ActiveEnum::to_value(&state)
}

impl Preview {
    /// All of it in a sentence.
    pub fn sentence(&self) -> String {
        let Some(payment) = self.payment_id else {
            return "no payment of ours fits".to_owned();
        };
        if let Some(rule) = self.contradicts {
            return format!("it contradicts {payment} ({rule}): a person would have to look");
        }
        let (before, after) = (self.status.as_deref(), self.status_after.as_deref());
        match (before, after) {
            _ if before == after && self.entries.is_empty() && self.jobs.is_empty() => {
                format!("nothing would change: {payment} says so already")
            }
            (Some(before), Some(after)) if before != after => {
                format!("{payment} would go from {before} to {after}")
            }
            _ => format!("{payment} would change, and keep its status"),
        }
    }
}
