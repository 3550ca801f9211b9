use entities::{
    PaymentId, ReviewId, customer, payment,
    review::{Column, Entity, Model, State},
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::{Error, Store, checkout, core::fraud::Hit, page::cut};

/// Most cases on a page.
const MOST: u64 = 100;

/// Which cases to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those in one of these states; all, if empty.
    pub states: Vec<State>,
}

/// A case, with what a decision needs.
#[derive(Clone)]
pub struct Case {
    /// The case.
    pub review: Model,
    /// The payment it is about.
    pub payment: payment::Model,
    /// Who pays.
    pub customer: customer::Model,
    /// The network it was begun from, in CIDR notation.
    pub address: Option<String>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("review", &self.review.id).finish_non_exhaustive()
    }
}

/// A page of cases, newest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The cases.
    pub cases: Vec<Case>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<ReviewId>,
}

/// What speaks against the payment of `review`, the heaviest first.
pub fn hits(review: &Model) -> Result<Vec<Hit>, Error> {
    let hits = review.hits.as_deref().map(serde_json::from_str).transpose();
    let hits = hits.map_err(|_| Error::Inconsistent(format!("the hits of {}", review.id)))?;
    Ok(hits.unwrap_or_default())
}

/// How many cases nobody has decided.
pub async fn waiting(store: &Store) -> Result<u64, Error> {
    Ok(Entity::find().filter(Column::State.eq(State::Open)).count(store.db.reader()).await?)
}

/// Credits of payment `id` that are set aside until somebody has decided.
pub async fn held(store: &Store, id: PaymentId) -> Result<i64, Error> {
    let find = Entity::find().filter(Column::PaymentId.eq(id).and(Column::State.eq(State::Open)));
    let open = find.all(store.db.reader()).await?;
    Ok(open.iter().map(|review| review.held).sum())
}

/// Cases: one page, after `after`.
pub async fn page(
    store: &Store,
    filter: &Filter,
    after: Option<ReviewId>,
    limit: u64,
) -> Result<Page, Error> {
    let limit = limit.clamp(1, MOST);
    let mut select = Entity::find().order_by_desc(Column::Id).limit(limit + 1);
    if !filter.states.is_empty() {
        select = select.filter(Column::State.is_in(filter.states.iter().copied()));
    }
    if let Some(after) = after {
        select = select.filter(Column::Id.lt(after));
    }
    let found = select.all(store.db.reader()).await?;
    let (found, next) = cut(found, limit, |row| row.id);
    Ok(Page { cases: beside(store, found).await?, next })
}

/// Case `id`.
pub async fn find(store: &Store, id: ReviewId) -> Result<Option<Case>, Error> {
    let found = Entity::find_by_id(id).all(store.db.reader()).await?;
    Ok(beside(store, found).await?.pop())
}

/// `reviews`, each with what belongs to it.
async fn beside(store: &Store, reviews: Vec<Model>) -> Result<Vec<Case>, Error> {
    let ids: Vec<_> = reviews.iter().map(|row| row.payment_id).collect();
    let payments = payment::Entity::find().filter(payment::Column::Id.is_in(ids));
    let payments = payments.all(store.db.reader()).await?;
    let ids: Vec<_> = payments.iter().map(|row| row.customer_id).collect();
    let customers = customer::Entity::find().filter(customer::Column::Id.is_in(ids));
    let customers = customers.all(store.db.reader()).await?;
    let cases = reviews.into_iter().map(|review| {
        let missing = || Error::Inconsistent(format!("{} has no payment", review.id));
        let payment =
            payments.iter().find(|row| row.id == review.payment_id).ok_or_else(missing)?;
        let customer = customers.iter().find(|row| row.id == payment.customer_id);
        let address = payment.address.as_deref();
        let place = checkout::address_place(payment.id);
        let open = |sealed| store.vault.unseal_text(place, sealed);
        Ok(Case {
            address: address.map(open).transpose()?,
            customer: customer.ok_or_else(missing)?.clone(),
            payment: payment.clone(),
            review,
        })
    });
    cases.collect()
}
