use entities::{
    RefundRequestId, customer, payment,
    refund::{self},
    refund_request::{Column, Entity, Model, State},
};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef, Select,
};

use super::{APPEAL, DETAILS, REASON, place};
use crate::{Error, Store, core::refunds::Offer, page::cut};

/// Most requests on a page.
const MOST: u64 = 100;

/// Which requests to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those in one of these states; all, if empty.
    pub states: Vec<State>,
}

/// A page of requests, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// The requests, each with its payment and the refund that came of it.
    pub requests: Vec<(Model, payment::Model, Option<refund::Model>)>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<RefundRequestId>,
}

/// What a customer wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// Why they ask.
    pub reason: String,
    /// More of it.
    pub details: Option<String>,
    /// Why they disagree with a denial.
    pub appeal: Option<String>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").finish_non_exhaustive()
    }
}

/// What the customer wrote of `request`.
pub fn words(store: &Store, request: &Model) -> Result<Words, Error> {
    let open = |column, sealed: &[u8]| store.vault.unseal_text(place(column, request.id), sealed);
    Ok(Words {
        reason: open(REASON, &request.reason)?,
        details: request.details.as_deref().map(|text| open(DETAILS, text)).transpose()?,
        appeal: request.appeal.as_deref().map(|text| open(APPEAL, text)).transpose()?,
    })
}

/// How the amount of `request` came about when it was asked for, in a sentence.
pub fn reasoning(request: &Model, payment: &payment::Model) -> String {
    let amount = request.computed();
    // What was worth more than was left was cut to what was left.
    let left = amount.clone();
    let (unused, granted) = (request.unused, request.granted);
    let until = request.created_at;
    Offer { amount, price: payment.price(), unused, granted, left, until }.reasoning()
}

/// Everybody's requests: one page, after `after`.
pub async fn page(
    store: &Store,
    filter: &Filter,
    after: Option<RefundRequestId>,
    limit: u64,
) -> Result<Requests, Error> {
    select(store, Entity::find(), filter, after, limit).await
}

/// The requests of `user_ref`: one page, after `after`.
pub async fn page_own(
    store: &Store,
    user_ref: &str,
    after: Option<RefundRequestId>,
    limit: u64,
) -> Result<Requests, Error> {
    select(store, own(user_ref), &Filter::default(), after, limit).await
}

/// Request `id`, whoever's, with its payment and the refund that came of it.
pub async fn find(
    store: &Store,
    id: RefundRequestId,
) -> Result<Option<(Model, payment::Model, Option<refund::Model>)>, Error> {
    let found = Entity::find_by_id(id).all(store.db.reader()).await?;
    Ok(beside(store, found).await?.pop())
}

/// Request `id`, if it is `user_ref`'s own.
pub async fn find_own(
    store: &Store,
    user_ref: &str,
    id: RefundRequestId,
) -> Result<Option<(Model, payment::Model, Option<refund::Model>)>, Error> {
    let found = own(user_ref).filter(Column::Id.eq(id)).all(store.db.reader()).await?;
    Ok(beside(store, found).await?.pop())
}

async fn select(
    store: &Store,
    select: Select<Entity>,
    filter: &Filter,
    after: Option<RefundRequestId>,
    limit: u64,
) -> Result<Requests, Error> {
    let limit = limit.clamp(1, MOST);
    let mut select = select.order_by_desc(Column::Id).limit(limit + 1);
    if !filter.states.is_empty() {
        select = select.filter(Column::State.is_in(filter.states.iter().copied()));
    }
    if let Some(after) = after {
        select = select.filter(Column::Id.lt(after));
    }
    let found = select.all(store.db.reader()).await?;
    let (found, next) = cut(found, limit, |row| row.id);
    Ok(Requests { requests: beside(store, found).await?, next })
}

/// `requests`, each with what belongs to it.
async fn beside(
    store: &Store,
    requests: Vec<Model>,
) -> Result<Vec<(Model, payment::Model, Option<refund::Model>)>, Error> {
    let ids: Vec<_> = requests.iter().map(|row| row.payment_id).collect();
    let payments = payment::Entity::find().filter(payment::Column::Id.is_in(ids));
    let payments = payments.all(store.db.reader()).await?;
    let ids: Vec<_> = requests.iter().map(|row| row.id).collect();
    let refunds = refund::Entity::find().filter(refund::Column::RequestId.is_in(ids));
    let refunds = refunds.all(store.db.reader()).await?;
    requests
        .into_iter()
        .map(|row| {
            let of = payments.iter().find(|payment| payment.id == row.payment_id).cloned();
            let missing = || Error::Inconsistent(format!("{} has no payment", row.id));
            let payment = of.ok_or_else(missing)?;
            let refund = refunds.iter().find(|refund| refund.request_id == Some(row.id)).cloned();
            Ok((row, payment, refund))
        })
        .collect()
}

/// Whose a request is stands in the query, so that nobody can forget to compare it.
fn own(user_ref: &str) -> Select<Entity> {
    let owner: RelationDef = Entity::belongs_to(customer::Entity)
        .from(Column::CustomerId)
        .to(customer::Column::Id)
        .into();
    Entity::find().join(JoinType::InnerJoin, owner).filter(customer::Column::UserRef.eq(user_ref))
}
