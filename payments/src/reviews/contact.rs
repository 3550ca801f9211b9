use entities::{
    MessageId, PaymentId, ReviewId, Timestamp, case_message, customer, package, payment, review,
};
use jobs::{Enqueued, Job, SendCaseMail};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, Set,
};

use crate::{
    Error, Store,
    audit::{self, Line},
    core::refunds::Refusal,
    customers,
    vault::Place,
};

/// Longest message, in characters.
const LONGEST: usize = 2_000;

/// A message to a customer about their case, as a person of the seller's wrote it.
#[derive(Clone)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub sent_by: String,
    /// When.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A message, and what its mail needs.
#[derive(Clone)]
pub struct CaseMail {
    /// Where to write to; `None` if the host application never said, or the account is gone.
    pub email: Option<String>,
    /// The payment it is about.
    pub payment_id: PaymentId,
    /// What was bought.
    pub package: String,
    /// What it says.
    pub text: String,
}

impl std::fmt::Debug for CaseMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaseMail").field("payment_id", &self.payment_id).finish_non_exhaustive()
    }
}

/// Writes `text` to the customer of case `id`, in the name of `user_ref`; the job is to be announced.
/// `None` if there is no such case.
pub async fn contact(
    store: &Store,
    user_ref: &str,
    id: ReviewId,
    text: &str,
) -> Result<Option<(Message, Vec<Enqueued>)>, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err(Error::Invalid("a message has 1 to 2000 characters"));
    }
    let Some(found) = find(store, id).await? else { return Ok(None) };
    let (review, payment, customer) = found;
    if customer.user_ref == user_ref {
        return Err(Refusal::OwnRequest.into());
    }
    if customers::email(store, &customer)?.is_none() {
        return Err(Error::Invalid("no mail address of this customer is known"));
    }
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let enqueued = write(store, &txn, user_ref, review.id, text, now).await?;
    let line = Line {
        actor: format!("user:{user_ref}"),
        action: "review.contact".to_owned(),
        subject: payment.id.to_string(),
        before: None,
        after: Some(id.to_string()),
    };
    audit::write(&txn, vec![line], now).await?;
    txn.commit().await?;
    let told = messages(store, id).await?.pop();
    let told = told.ok_or_else(|| Error::Inconsistent("a message vanished".to_owned()))?;
    Ok(Some((told, enqueued.into_iter().collect())))
}

/// Writes message `text` about case `id` down with the job that mails it, if and only if `txn`
/// commits.
pub(super) async fn write(
    store: &Store,
    txn: &DatabaseTransaction,
    user_ref: &str,
    id: ReviewId,
    text: &str,
    now: Timestamp,
) -> Result<Option<Enqueued>, Error> {
    let message = MessageId::new();
    let row = case_message::ActiveModel {
        id: Set(message),
        review_id: Set(id),
        body: Set(store.vault.seal(place(message), text.as_bytes())?),
        sent_by: Set(user_ref.to_owned()),
        created_at: Set(now),
    };
    row.insert(txn).await?;
    Ok(SendCaseMail { message_id: message }.enqueue(txn, now).await?)
}

/// What was written to the customer of case `id`, oldest first.
pub async fn messages(store: &Store, id: ReviewId) -> Result<Vec<Message>, Error> {
    let find = case_message::Entity::find()
        .filter(case_message::Column::ReviewId.eq(id))
        .order_by_asc(case_message::Column::Id);
    let rows = find.all(store.db.reader()).await?;
    let open = |row: case_message::Model| {
        let text = store.vault.unseal_text(place(row.id), &row.body)?;
        Ok(Message { id: row.id, text, sent_by: row.sent_by, created_at: row.created_at })
    };
    rows.into_iter().map(open).collect()
}

/// What the mail of message `id` says, and to whom it goes; `None` if there is no such message.
pub async fn case_mail(store: &Store, id: MessageId) -> Result<Option<CaseMail>, Error> {
    let missing = || Error::Inconsistent(format!("what {id} is about is gone"));
    let row = case_message::Entity::find_by_id(id).one(store.db.reader()).await?;
    let Some(row) = row else { return Ok(None) };
    let (_, payment, customer) = find(store, row.review_id).await?.ok_or_else(missing)?;
    let package = package::Entity::find_by_id(payment.package_id.clone());
    let package = package.one(store.db.reader()).await?.ok_or_else(missing)?;
    Ok(Some(CaseMail {
        email: customers::email(store, &customer)?,
        payment_id: payment.id,
        package: package.name,
        text: store.vault.unseal_text(place(id), &row.body)?,
    }))
}

async fn find(
    store: &Store,
    id: ReviewId,
) -> Result<Option<(review::Model, payment::Model, customer::Model)>, Error> {
    let missing = || Error::Inconsistent(format!("{id} has no payment"));
    let Some(review) = review::Entity::find_by_id(id).one(store.db.reader()).await? else {
        return Ok(None);
    };
    let payment = payment::Entity::find_by_id(review.payment_id).one(store.db.reader()).await?;
    let payment = payment.ok_or_else(missing)?;
    let customer = customer::Entity::find_by_id(payment.customer_id).one(store.db.reader()).await?;
    Ok(Some((review, payment, customer.ok_or_else(missing)?)))
}

fn place(id: MessageId) -> Place {
    Place::new("case_messages.body", id.uuid())
}
