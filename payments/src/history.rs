//! A customer's payments, page by page (`001-FR8`, `AC9.4.4`).

use entities::{
    PaymentId, Timestamp, customer, package,
    payment::{Column, Entity, Model, Status},
};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};

use crate::{Error, Store, page::cut};

/// Most payments on a page.
pub const MOST: u64 = 500;

/// Which payments are wanted; what is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these statuses.
    pub statuses: Vec<Status>,
    /// The kind of method: `card`, `us_bank_account`, `paypal`, …
    pub method: Option<String>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before.
    pub before: Option<Timestamp>,
}

/// A payment, and the name of what was bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The payment.
    pub payment: Model,
    /// What was bought, in words.
    pub package: String,
}

/// A page of payments, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The payments.
    pub entries: Vec<Entry>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<PaymentId>,
}

/// One page of `user_ref`'s own payments: those after `after`, at most `limit`.
pub async fn page(
    store: &Store,
    user_ref: &str,
    filter: &Filter,
    after: Option<PaymentId>,
    limit: u64,
) -> Result<Page, Error> {
    let limit = limit.clamp(1, MOST);
    let mut find = own(user_ref).order_by_desc(Column::Id).limit(limit + 1);
    if !filter.statuses.is_empty() {
        find = find.filter(Column::Status.is_in(filter.statuses.iter().copied()));
    }
    if let Some(method) = &filter.method {
        find = find.filter(Column::MethodKind.eq(method));
    }
    if let Some(from) = filter.from {
        find = find.filter(Column::CreatedAt.gte(from));
    }
    if let Some(before) = filter.before {
        find = find.filter(Column::CreatedAt.lt(before));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    let rows = find.select_also(package::Entity).all(store.db.reader()).await?;
    let entries = rows.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let (entries, next) = cut(entries, limit, |entry| entry.payment.id);
    Ok(Page { entries, next })
}

/// The payment `id`, if it is `user_ref`'s own.
pub async fn find(store: &Store, user_ref: &str, id: PaymentId) -> Result<Option<Entry>, Error> {
    let find = own(user_ref).filter(Column::Id.eq(id)).select_also(package::Entity);
    find.one(store.db.reader()).await?.map(entry).transpose()
}

fn entry((payment, package): (Model, Option<package::Model>)) -> Result<Entry, Error> {
    let missing = || Error::Inconsistent(format!("payment {} has no package", payment.id));
    let package = package.ok_or_else(missing)?.name;
    Ok(Entry { payment, package })
}

/// Whose a payment is stands in the query, so that nobody can forget to compare it.
fn own(user_ref: &str) -> sea_orm::Select<Entity> {
    let owner: RelationDef = Entity::belongs_to(customer::Entity)
        .from(Column::CustomerId)
        .to(customer::Column::Id)
        .into();
    let bought: RelationDef =
        Entity::belongs_to(package::Entity).from(Column::PackageId).to(package::Column::Id).into();
    Entity::find()
        .join(JoinType::InnerJoin, owner)
        .join(JoinType::InnerJoin, bought)
        .filter(customer::Column::UserRef.eq(user_ref))
}
