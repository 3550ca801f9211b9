//! Checkout: a payment from the wish to buy to the provider's object for it.

use std::{ops::Range, time::Duration};

use entities::{
    CustomerId, PaymentId, Provider, Timestamp, customer,
    payment::{ActiveModel, Column, Entity, Kind, Model, Status},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Set, sea_query::Expr,
};

use crate::{
    Error, Store, catalog,
    core::fraud::Rules,
    fraud::{self, Visit},
    vault::Place,
};

/// Writes down that `customer`, whose mail goes to `email`, wants to buy package `package_id`, before
/// any provider is asked.
///
/// The price comes from the catalogue alone, and stays as it is now. Fails with [`Error::NotSold`]
/// if `rules` refuse somebody who comes from `visit`.
pub async fn begin(
    store: &Store,
    rules: &Rules,
    (customer, email): (&customer::Model, Option<&str>),
    visit: &Visit,
    package_id: &str,
    (provider, livemode): (Provider, bool),
) -> Result<Model, Error> {
    let package = catalog::find(store, package_id).await?;
    let now = store.clock.now();
    fraud::admit(store, rules, (customer, email), &package, visit, now).await?;
    let id = PaymentId::new();
    let seal = |network: String| store.vault.seal(address_place(id), network.as_bytes());
    let row = ActiveModel {
        id: Set(id),
        customer_id: Set(customer.id),
        package_id: Set(package.id),
        kind: Set(Kind::OneTime),
        provider: Set(provider),
        provider_reference: Set(None),
        livemode: Set(livemode),
        amount: Set(package.amount),
        currency: Set(package.currency),
        credits: Set(package.credits),
        bonus_credits: Set(package.bonus_credits),
        status: Set(Status::Pending),
        failure_code: Set(None),
        decline_code: Set(None),
        failed_at: Set(None),
        method_kind: Set(None),
        method_brand: Set(None),
        method_last4: Set(None),
        method_wallet: Set(None),
        receipt_url: Set(None),
        card_blind: Set(None),
        card_country: Set(None),
        risk: Set(None),
        risk_score: Set(None),
        address_blind: Set(visit.address_blind(&store.vault)),
        address: Set(visit.network().map(seal).transpose()?),
        device_blind: Set(visit.device_blind(&store.vault)),
        refunded: Set(0),
        version: Set(0),
        created_at: Set(now),
        updated_at: Set(now),
        succeeded_at: Set(None),
    };
    Ok(row.insert(store.db.writer()).await?)
}

/// Where the address is sealed for from which payment `id` was begun.
pub(crate) fn address_place(id: PaymentId) -> Place {
    Place::new("payments.address", id.uuid())
}

/// What came of [`link`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The payment carries the reference, since now or before.
    Linked,
    /// It carries another one, which stays.
    Taken,
}

/// Notes the provider's id of payment `id`. A webhook may have been faster; then this is nothing.
pub async fn link(store: &Store, id: PaymentId, reference: &str) -> Result<Linked, Error> {
    let free = Column::ProviderReference.is_null().or(Column::ProviderReference.eq(reference));
    let written = Entity::update_many()
        .col_expr(Column::ProviderReference, Expr::value(reference))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(store.clock.now()))
        .filter(Column::Id.eq(id).and(free))
        .exec(store.db.writer())
        .await?;
    Ok(if written.rows_affected == 1 { Linked::Linked } else { Linked::Taken })
}

/// The payment with the provider's id `reference`, if it is `user_ref`'s own.
pub async fn find_own(
    store: &Store,
    user_ref: &str,
    provider: Provider,
    reference: &str,
) -> Result<Option<Model>, Error> {
    let found = own(user_ref)
        .filter(Column::Provider.eq(provider))
        .filter(Column::ProviderReference.eq(reference));
    Ok(found.one(store.db.reader()).await?)
}

/// The payment `id`, if it is `user_ref`'s own.
pub async fn find_own_by_id(
    store: &Store,
    user_ref: &str,
    id: PaymentId,
) -> Result<Option<Model>, Error> {
    Ok(own(user_ref).filter(Column::Id.eq(id)).one(store.db.reader()).await?)
}

/// The payment `id`, whoever's.
pub async fn find(store: &Store, id: PaymentId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(id).one(store.db.reader()).await?)
}

/// Payments at `provider` whose end we do not know and that last changed within `span`, newest
/// first.
pub async fn unfinished(
    store: &Store,
    provider: Provider,
    span: Range<Timestamp>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let open = [Status::Pending, Status::RequiresAction, Status::Processing];
    let find = Entity::find()
        .filter(Column::Provider.eq(provider))
        .filter(Column::Status.is_in(open))
        .filter(Column::UpdatedAt.gte(span.start).and(Column::UpdatedAt.lt(span.end)))
        .filter(Column::ProviderReference.is_not_null())
        .order_by_desc(Column::UpdatedAt)
        .limit(limit);
    Ok(find.all(store.db.reader()).await?)
}

/// The idempotency key under which `payment` is confirmed, whoever asks.
///
/// Another confirm is a new action only once a try has failed, which moves the version, or once its
/// payer has agreed anew, at `agreed_at`: a decline that was known before moves no version, and its
/// answer must not be given to the next choice.
pub fn confirm_key(payment: &Model, agreed_at: Option<Timestamp>) -> String {
    let version = payment.version;
    match agreed_at {
        None => format!("confirm-{}-{version}", payment.id),
        Some(at) => format!("confirm-{}-{version}-{}", payment.id, at.seconds()),
    }
}

/// Whether `payment` was declined after its payer agreed, at `agreed_at`, to be charged: then only
/// another choice of theirs can help. Providers tell whole seconds, and nobody chooses anew within
/// the second of a decline.
pub fn is_declined_since(payment: &Model, agreed_at: Timestamp) -> bool {
    payment.failed_at.is_some_and(|failed_at| failed_at >= agreed_at)
}

/// The newest payments of a customer.
pub async fn of_customer(
    store: &Store,
    customer: CustomerId,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let find = Entity::find()
        .filter(Column::CustomerId.eq(customer))
        .order_by_desc(Column::CreatedAt)
        .limit(limit);
    Ok(find.all(store.db.reader()).await?)
}

/// How long the latest payments took from the wish to the money, the median of at most `sample`;
/// `None` while too few are known to say.
pub async fn usual_wait(store: &Store, sample: u64) -> Result<Option<Duration>, Error> {
    const ENOUGH: usize = 5;
    let find = Entity::find()
        .filter(Column::SucceededAt.is_not_null())
        .order_by_desc(Column::SucceededAt)
        .limit(sample);
    let payments = find.all(store.db.reader()).await?;
    let took = |payment: Model| Some(payment.succeeded_at?.since(payment.created_at));
    let mut waits: Vec<Duration> = payments.into_iter().filter_map(took).collect();
    waits.sort_unstable();
    Ok(waits.get(waits.len() / 2).filter(|_| waits.len() >= ENOUGH).copied())
}

/// Whose a payment is stands in the query, so that nobody can forget to compare it.
fn own(user_ref: &str) -> sea_orm::Select<Entity> {
    let owner: RelationDef = Entity::belongs_to(customer::Entity)
        .from(Column::CustomerId)
        .to(customer::Column::Id)
        .into();
    Entity::find().join(JoinType::InnerJoin, owner).filter(customer::Column::UserRef.eq(user_ref))
}
