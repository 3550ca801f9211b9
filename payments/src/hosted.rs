//! Payments that are made on a page of the provider's: which page that is.

use entities::{
    PaymentId,
    checkout_session::{ActiveModel, Column, Entity},
};
use sea_orm::{EntityTrait, Set, sea_query::OnConflict};

use crate::{Error, Store};

/// Notes that `payment` is made on the provider's page `reference`. Said twice, it is noted once.
pub async fn note(store: &Store, payment: PaymentId, reference: &str) -> Result<(), Error> {
    let row = ActiveModel {
        payment_id: Set(payment),
        reference: Set(reference.to_owned()),
        created_at: Set(store.clock.now()),
    };
    let keep = OnConflict::column(Column::PaymentId).do_nothing().to_owned();
    Entity::insert_many([row]).on_conflict(keep).exec_without_returning(store.db.writer()).await?;
    Ok(())
}

/// The provider's page on which `payment` is made, if it is made on one.
pub async fn page(store: &Store, payment: PaymentId) -> Result<Option<String>, Error> {
    let found = Entity::find_by_id(payment).one(store.db.reader()).await?;
    Ok(found.map(|row| row.reference))
}
