//! Everybody's payments, page by page (`AC9.6.1`, `AC9.6.3`).

use std::collections::HashMap;

use entities::{
    CustomerId, PaymentId, Provider, Timestamp, customer, dispute, mail, package,
    payment::{Column, Entity, Model, Status},
    refund, refund_request,
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::Expr,
};

use crate::{Error, Store, mails};

/// Most mails by which a payer is found.
const MAILS: u64 = 50;

/// Which payments are wanted; what is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these statuses.
    pub statuses: Vec<Status>,
    /// Who moves the money.
    pub provider: Option<Provider>,
    /// The host application's id of the payer.
    pub user_ref: Option<String>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before.
    pub before: Option<Timestamp>,
    /// At least so much, in minor units.
    pub least: Option<i64>,
    /// At most so much, in minor units.
    pub most: Option<i64>,
    /// An id of ours or the provider's, of the payment, its refund or its dispute; the host
    /// application's id of the payer, or the address that we wrote to them at.
    pub search: Option<String>,
}

/// A payment, who paid it, and what was bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The payment.
    pub payment: Model,
    /// The host application's id of the payer.
    pub user_ref: String,
    /// What was bought, in words.
    pub package: String,
}

/// At most `limit` payments that `filter` means, newest first, from `after` on.
pub async fn list(
    store: &Store,
    filter: &Filter,
    after: Option<PaymentId>,
    limit: u64,
) -> Result<Vec<Entry>, Error> {
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit);
    if !filter.statuses.is_empty() {
        find = find.filter(Column::Status.is_in(filter.statuses.iter().copied()));
    }
    if let Some(provider) = filter.provider {
        find = find.filter(Column::Provider.eq(provider));
    }
    if let Some(from) = filter.from {
        find = find.filter(Column::CreatedAt.gte(from));
    }
    if let Some(before) = filter.before {
        find = find.filter(Column::CreatedAt.lt(before));
    }
    if let Some(least) = filter.least {
        find = find.filter(Column::Amount.gte(least));
    }
    if let Some(most) = filter.most {
        find = find.filter(Column::Amount.lte(most));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    if let Some(user_ref) = &filter.user_ref {
        find = of(find, customers(store, user_ref).await?);
    }
    if let Some(search) = &filter.search {
        find = find.filter(found(store, search.trim()).await?);
    }
    entries(store, find.all(store.db.reader()).await?).await
}

/// The payment `id`, whoever's.
pub async fn find(store: &Store, id: PaymentId) -> Result<Option<Entry>, Error> {
    let found = Entity::find_by_id(id).all(store.db.reader()).await?;
    Ok(entries(store, found).await?.pop())
}

fn of(find: Select<Entity>, customers: Vec<CustomerId>) -> Select<Entity> {
    find.filter(Column::CustomerId.is_in(customers))
}

async fn customers(store: &Store, user_ref: &str) -> Result<Vec<CustomerId>, Error> {
    let found = customer::Entity::find().filter(customer::Column::UserRef.eq(user_ref));
    Ok(found.all(store.db.reader()).await?.into_iter().map(|customer| customer.id).collect())
}

/// The payments that `text` names.
async fn found(store: &Store, text: &str) -> Result<Expr, Error> {
    if let Some(id) = one(store, text).await? {
        return Ok(Column::Id.eq(id));
    }
    if let Ok(id) = text.parse::<CustomerId>() {
        return Ok(Column::CustomerId.eq(id));
    }
    let payers = if text.contains('@') {
        payers_at(store, text).await?
    } else {
        customers(store, text).await?
    };
    let reference = Column::ProviderReference.eq(text);
    let elsewhere = by_reference(store, text).await?;
    Ok(reference.or(Column::CustomerId.is_in(payers)).or(Column::Id.is_in(elsewhere)))
}

/// The payment that an id of ours names, or whose part it names.
async fn one(store: &Store, text: &str) -> Result<Option<PaymentId>, Error> {
    let reader = store.db.reader();
    if let Ok(id) = text.parse() {
        return Ok(Some(id));
    }
    if let Ok(id) = text.parse::<entities::RefundId>() {
        let found = refund::Entity::find_by_id(id).one(reader).await?;
        return Ok(found.map(|row| row.payment_id));
    }
    if let Ok(id) = text.parse::<entities::RefundRequestId>() {
        let found = refund_request::Entity::find_by_id(id).one(reader).await?;
        return Ok(found.map(|row| row.payment_id));
    }
    if let Ok(id) = text.parse::<entities::DisputeId>() {
        let found = dispute::Entity::find_by_id(id).one(reader).await?;
        return Ok(found.map(|row| row.payment_id));
    }
    Ok(None)
}

/// The payments whose refund or dispute the provider calls `text`.
async fn by_reference(store: &Store, text: &str) -> Result<Vec<PaymentId>, Error> {
    let refunds = refund::Entity::find().filter(refund::Column::ProviderReference.eq(text));
    let disputes = dispute::Entity::find().filter(dispute::Column::ProviderReference.eq(text));
    let refunds = refunds.all(store.db.reader()).await?.into_iter().map(|row| row.payment_id);
    let disputes = disputes.all(store.db.reader()).await?.into_iter().map(|row| row.payment_id);
    Ok(refunds.chain(disputes).collect())
}

/// Who was written to at `address`: it stands sealed, and is found by what it was hashed to when a
/// mail was sent there.
pub async fn payers_at(store: &Store, address: &str) -> Result<Vec<CustomerId>, Error> {
    let mails = mail::Entity::find()
        .filter(mail::Column::RecipientBlind.eq(mails::blind(store, address)))
        .order_by_desc(mail::Column::Id)
        .limit(MAILS)
        .all(store.db.reader())
        .await?;
    let about = mails.iter().flat_map(|mail| mail.occasion.split(':'));
    let mut payments: Vec<PaymentId> = Vec::new();
    for part in about {
        if part.contains('_') {
            payments.extend(one(store, part).await?);
        }
    }
    let found = Entity::find().filter(Column::Id.is_in(payments)).all(store.db.reader()).await?;
    Ok(found.into_iter().map(|payment| payment.customer_id).collect())
}

/// `payments`, each with its payer and package.
async fn entries(store: &Store, payments: Vec<Model>) -> Result<Vec<Entry>, Error> {
    let ids = payments.iter().map(|payment| payment.customer_id);
    let customers = customer::Entity::find().filter(customer::Column::Id.is_in(ids));
    let customers: HashMap<CustomerId, String> = customers
        .all(store.db.reader())
        .await?
        .into_iter()
        .map(|customer| (customer.id, customer.user_ref))
        .collect();
    let ids = payments.iter().map(|payment| payment.package_id.clone());
    let packages = package::Entity::find().filter(package::Column::Id.is_in(ids));
    let packages: HashMap<String, String> = packages
        .all(store.db.reader())
        .await?
        .into_iter()
        .map(|package| (package.id, package.name))
        .collect();
    let entry = |payment: Model| {
        let missing = || Error::Inconsistent(format!("payment {} lacks its payer", payment.id));
        Ok(Entry {
            user_ref: customers.get(&payment.customer_id).ok_or_else(missing)?.clone(),
            package: packages.get(&payment.package_id).unwrap_or(&payment.package_id).clone(),
            payment,
        })
    };
    payments.into_iter().map(entry).collect()
}
