//! What our customers are called at providers; encrypted, as the requirement asks (`003-SR4`).

use entities::{
    CustomerId, Provider, ProviderCustomerId,
    provider_customer::{ActiveModel, Column, Entity},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set, sea_query::OnConflict};

use crate::{Error, Store, vault::Place};

/// The column that references are sealed for.
const REFERENCE: &str = "provider_customers.reference";

/// What `customer` is called at `provider`, if they are known there.
pub async fn reference(
    store: &Store,
    customer: CustomerId,
    provider: Provider,
    livemode: bool,
) -> Result<Option<String>, Error> {
    let found = Entity::find()
        .filter(Column::CustomerId.eq(customer))
        .filter(Column::Provider.eq(provider))
        .filter(Column::Livemode.eq(livemode));
    let Some(row) = found.one(store.db.writer()).await? else {
        return Ok(None);
    };
    let place = Place::new(REFERENCE, row.id.uuid());
    Ok(Some(store.vault.unseal_text(place, &row.reference)?))
}

/// Notes that `provider` calls `customer` `reference`, and returns what they are called from now
/// on: of two who were told different names at the same time, the first one's counts.
pub async fn link(
    store: &Store,
    customer: CustomerId,
    provider: Provider,
    livemode: bool,
    reference: &str,
) -> Result<String, Error> {
    let id = ProviderCustomerId::new();
    let row = ActiveModel {
        id: Set(id),
        customer_id: Set(customer),
        provider: Set(provider),
        livemode: Set(livemode),
        reference: Set(store.vault.seal(Place::new(REFERENCE, id.uuid()), reference.as_bytes())?),
        reference_blind: Set(store.vault.blind(REFERENCE, reference)),
        created_at: Set(store.clock.now()),
    };
    let keep = OnConflict::columns([Column::CustomerId, Column::Provider, Column::Livemode])
        .do_nothing()
        .to_owned();
    Entity::insert_many([row]).on_conflict(keep).exec_without_returning(store.db.writer()).await?;
    let found = self::reference(store, customer, provider, livemode).await?;
    found.ok_or_else(|| Error::Inconsistent("a provider's customer vanished".to_owned()))
}

/// Who of our customers `provider` calls `reference`.
pub async fn find(
    store: &Store,
    provider: Provider,
    reference: &str,
) -> Result<Option<CustomerId>, Error> {
    let found = Entity::find()
        .filter(Column::Provider.eq(provider))
        .filter(Column::ReferenceBlind.eq(store.vault.blind(REFERENCE, reference)));
    Ok(found.one(store.db.reader()).await?.map(|row| row.customer_id))
}
