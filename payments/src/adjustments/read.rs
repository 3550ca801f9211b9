use boot::sql;
use entities::{
    AdjustmentId, CustomerId,
    adjustment::{Column, Entity, Model, State},
    customer,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::place;
use crate::{Error, Store, page::cut};

/// Most changes on a page.
const MOST: u64 = 100;

/// A page of changes, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adjustments {
    /// The changes, and whose balance each one is about.
    pub adjustments: Vec<(Model, customer::Model)>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<AdjustmentId>,
}

/// Changes in one of `states`, or all: one page, after `after`.
pub async fn page(
    store: &Store,
    states: &[State],
    after: Option<AdjustmentId>,
    limit: u64,
) -> Result<Adjustments, Error> {
    let limit = limit.clamp(1, MOST);
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit + 1);
    if !states.is_empty() {
        find = find.filter(Column::State.is_in(states.iter().copied()));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    let rows = find.all(store.db.reader()).await?;
    let (rows, next) = cut(rows, limit, |row| row.id);
    Ok(Adjustments { adjustments: owned(store, rows).await?, next })
}

/// Change `id`, and whose balance it is about; `None` if there is none.
pub async fn find(
    store: &Store,
    id: AdjustmentId,
) -> Result<Option<(Model, customer::Model)>, Error> {
    let found = Entity::find_by_id(id).all(store.db.reader()).await?;
    Ok(owned(store, found).await?.pop())
}

/// The newest changes of the balance of `customer`.
pub async fn of_customer(store: &Store, customer: CustomerId) -> Result<Vec<Model>, Error> {
    let find = Entity::find().filter(Column::CustomerId.eq(customer));
    Ok(find.order_by_desc(Column::Id).limit(MOST).all(store.db.reader()).await?)
}

/// Why `row` was asked for; `None` once it was erased.
pub fn reason(store: &Store, row: &Model) -> Result<Option<String>, Error> {
    let unseal = |sealed: &[u8]| store.vault.unseal_text(place(row.id), sealed);
    Ok(row.reason.as_deref().map(unseal).transpose()?)
}

/// Erases why the balance of `customer` was changed; the numbers stay.
pub(crate) async fn erase_reasons(
    txn: &DatabaseTransaction,
    customer: CustomerId,
) -> Result<(), Error> {
    let body = "UPDATE credit_adjustments SET reason = NULL WHERE customer_id = ?1";
    let values = vec![customer.uuid().into()];
    txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    Ok(())
}

/// `rows`, each with whose balance it is about.
async fn owned(store: &Store, rows: Vec<Model>) -> Result<Vec<(Model, customer::Model)>, Error> {
    let ids = rows.iter().map(|row| row.customer_id);
    let find = customer::Entity::find().filter(customer::Column::Id.is_in(ids));
    let customers = find.all(store.db.reader()).await?;
    let owner = |row: Model| {
        let owner = customers.iter().find(|owner| owner.id == row.customer_id).cloned();
        owner.map(|owner| (row, owner))
    };
    Ok(rows.into_iter().filter_map(owner).collect())
}
