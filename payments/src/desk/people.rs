//! Users, as the desk sees them: who they are, what they have, what they bought.

use entities::{
    CustomerId, credit_lot,
    customer::{Column, Entity, Model},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::transactions::payers_at;
use crate::{
    Error, Store, customers,
    ledger::{self, Balance},
};

/// Most lots that are shown.
const LOTS: u64 = 100;

/// At most `limit` users, newest first, from `after` on; those that `search` names: by the host
/// application's id or how it begins, by our id, or by an address that we wrote to.
pub async fn list(
    store: &Store,
    search: Option<&str>,
    after: Option<CustomerId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    find = match search.map(str::trim) {
        None => find,
        Some(text) if text.contains('@') => {
            find.filter(Column::Id.is_in(payers_at(store, text).await?))
        }
        Some(text) => match text.parse::<CustomerId>() {
            Ok(id) => find.filter(Column::Id.eq(id)),
            Err(_) => find.filter(Column::UserRef.starts_with(text)),
        },
    };
    Ok(find.all(store.db.reader()).await?)
}

/// A user.
#[derive(Clone)]
pub struct Person {
    /// Who they are.
    pub customer: Model,
    /// Where we write to them.
    pub email: Option<String>,
    /// What they have.
    pub balance: Balance,
    /// From which purchases, newest first.
    pub lots: Vec<credit_lot::Model>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("id", &self.customer.id).finish_non_exhaustive()
    }
}

/// The user `id`.
pub async fn find(store: &Store, id: CustomerId) -> Result<Option<Person>, Error> {
    let Some(customer) = Entity::find_by_id(id).one(store.db.reader()).await? else {
        return Ok(None);
    };
    let lots = credit_lot::Entity::find()
        .filter(credit_lot::Column::CustomerId.eq(id))
        .order_by_desc(credit_lot::Column::Id)
        .limit(LOTS);
    Ok(Some(Person {
        email: customers::email(store, &customer)?,
        balance: ledger::balance(store, id).await?,
        lots: lots.all(store.db.reader()).await?,
        customer,
    }))
}
