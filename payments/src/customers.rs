//! Customers: the host application's users, as far as we know them.

use entities::{
    CustomerId,
    customer::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set, Unchanged, sea_query::OnConflict,
};

use crate::{Error, Store, vault::Place};

/// A user of the host application, as their token names them.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The host application's id of them.
    pub user_ref: String,
    /// Where to write to them.
    pub email: Option<String>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("user_ref", &self.user_ref).finish_non_exhaustive()
    }
}

/// Where a customer's address is sealed for.
pub fn email_place(id: CustomerId) -> Place {
    Place::new("customers.email", id.uuid())
}

/// The customer that `user` is; made if they are new, and their address brought up to date.
/// Fails with [`Error::Closed`] once their account was deleted.
pub async fn ensure(store: &Store, user: &User) -> Result<Model, Error> {
    if user.user_ref.is_empty() || user.user_ref.len() > 255 {
        return Err(Error::Invalid("a user's id has 1 to 255 bytes"));
    }
    if let Some(known) = find(store, &user.user_ref).await? {
        if known.closed_at.is_some() {
            return Err(Error::Closed);
        }
        return refresh(store, known, user).await;
    }
    let (id, now) = (CustomerId::new(), store.clock.now());
    let row = ActiveModel {
        id: Set(id),
        user_ref: Set(user.user_ref.clone()),
        email: Set(seal(store, id, user)?),
        billing: Set(None),
        closed_at: Set(None),
        flagged_at: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    };
    // Two first purchases at once make one customer.
    let keep = OnConflict::column(Column::UserRef).do_nothing().to_owned();
    Entity::insert_many([row]).on_conflict(keep).exec_without_returning(store.db.writer()).await?;
    let found = Entity::find().filter(Column::UserRef.eq(&user.user_ref));
    let found = found.one(store.db.writer()).await?;
    found.ok_or_else(|| Error::Inconsistent("a customer vanished while being made".to_owned()))
}

/// The customer with the host application's id `user_ref`.
pub async fn find(store: &Store, user_ref: &str) -> Result<Option<Model>, Error> {
    let found = Entity::find().filter(Column::UserRef.eq(user_ref));
    Ok(found.one(store.db.reader()).await?)
}

/// The address of `customer`, if they have one.
pub fn email(store: &Store, customer: &Model) -> Result<Option<String>, Error> {
    open_email(store, customer.id, customer.email.as_deref())
}

/// The address that stands `sealed` in the row of customer `id`.
pub(crate) fn open_email(
    store: &Store,
    id: CustomerId,
    sealed: Option<&[u8]>,
) -> Result<Option<String>, Error> {
    let open = |sealed| store.vault.unseal_text(email_place(id), sealed);
    Ok(sealed.map(open).transpose()?)
}

async fn refresh(store: &Store, known: Model, user: &User) -> Result<Model, Error> {
    if user.email.is_none() || email(store, &known)? == user.email {
        return Ok(known);
    }
    let row = ActiveModel {
        id: Unchanged(known.id),
        email: Set(seal(store, known.id, user)?),
        updated_at: Set(store.clock.now()),
        ..Default::default()
    };
    Ok(row.update(store.db.writer()).await?)
}

fn seal(store: &Store, id: CustomerId, user: &User) -> Result<Option<Vec<u8>>, Error> {
    let seal = |email: &String| store.vault.seal(email_place(id), email.as_bytes());
    Ok(user.email.as_ref().map(seal).transpose()?)
}
