//! Saved payment methods: what a provider keeps for a customer, and we show (`002-PM4`,
//! `002-DB2`).
//!
//! The provider has the truth. Our rows follow it, by [`keep`] and [`follow`], so that a page can
//! be drawn without asking. A row is never deleted: that it was detached is worth knowing.

use boot::sql::{self, Column as Cell, Rows, Type, col, nullable};
use entities::{
    CustomerId, MethodId, Provider, Timestamp, customer,
    fact::KeptMethod,
    payment_method::{Column, Entity, Model},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, JoinType, QueryFilter,
    QueryOrder, QuerySelect, RelationDef,
};

use crate::{Error, Store, vault::Place};

/// Most methods of one customer that are shown; far more than anybody has.
const MOST: u64 = 100;

/// The column that tokens are sealed for.
const TOKEN: &str = "payment_methods.token";

/// What a provider said.
#[derive(Debug)]
pub struct Told<'a> {
    /// When it was asked, by our clock.
    pub at: Timestamp,
    /// What it keeps.
    pub kept: &'a [KeptMethod],
}

/// The methods that `user_ref` may pay with in this mode, newest first.
pub async fn list(store: &Store, user_ref: &str, livemode: bool) -> Result<Vec<Model>, Error> {
    let find = own(user_ref)
        .filter(Column::Livemode.eq(livemode))
        .filter(Column::DetachedAt.is_null())
        .order_by_desc(Column::Id)
        .limit(MOST);
    Ok(find.all(store.db.reader()).await?)
}

/// The method `id`, if it is `user_ref`'s own and not detached.
pub async fn find(store: &Store, user_ref: &str, id: MethodId) -> Result<Option<Model>, Error> {
    let find = own(user_ref).filter(Column::Id.eq(id)).filter(Column::DetachedAt.is_null());
    Ok(find.one(store.db.reader()).await?)
}

/// The provider's id of `method`.
pub fn token(store: &Store, method: &Model) -> Result<String, Error> {
    Ok(store.vault.unseal_text(Place::new(TOKEN, method.id.uuid()), &method.token)?)
}

/// Notes that the provider keeps `kept` for `customer`, and returns it as it stands here.
pub async fn keep(
    store: &Store,
    customer: CustomerId,
    provider: Provider,
    livemode: bool,
    kept: &KeptMethod,
) -> Result<Model, Error> {
    let txn = store.db.begin().await?;
    let told = Told { at: store.clock.now(), kept: std::slice::from_ref(kept) };
    write(store, &txn, customer, provider, livemode, &told).await?;
    txn.commit().await?;
    let blind = store.vault.blind(TOKEN, &kept.token);
    let found = Entity::find()
        .filter(Column::Provider.eq(provider))
        .filter(Column::TokenBlind.eq(blind))
        .filter(Column::CustomerId.eq(customer));
    let found = found.one(store.db.writer()).await?;
    found.ok_or_else(|| Error::Inconsistent("a saved method is another customer's".to_owned()))
}

/// Brings our rows to what was told: all that the provider keeps for `customer`, and nothing else.
/// What was saved or taken off since the provider was asked is left as it is: an answer may be
/// overtaken by a later one, or by [`keep`], on its way here.
pub async fn follow(
    store: &Store,
    customer: CustomerId,
    provider: Provider,
    livemode: bool,
    told: &Told<'_>,
) -> Result<(), Error> {
    let txn = store.db.begin().await?;
    let mut still = Rows::new(STILL);
    for method in told.kept {
        still.push([store.vault.blind(TOKEN, &method.token).into()]);
    }
    let body = "UPDATE payment_methods SET detached_at = ?1 WHERE customer_id = ?2 AND provider = \
                ?3 AND livemode = ?4 AND detached_at IS NULL AND created_at <= ?5 AND token_blind \
                NOT IN (SELECT blind FROM v WHERE blind IS NOT NULL)";
    let values = vec![
        store.clock.now().micros().into(),
        customer.uuid().into(),
        provider.as_str().into(),
        livemode.into(),
        told.at.micros().into(),
    ];
    txn.execute_raw(still.statement(txn.get_database_backend(), body, values)).await?;
    write(store, &txn, customer, provider, livemode, told).await?;
    Ok(txn.commit().await?)
}

/// Notes that `method` was taken off.
pub async fn detached(store: &Store, method: MethodId) -> Result<(), Error> {
    let body = "UPDATE payment_methods SET detached_at = ?1 WHERE id = ?2 AND detached_at IS NULL";
    let values = vec![store.clock.now().micros().into(), method.uuid().into()];
    store.db.writer().execute_raw(sql::statement(store.db.backend(), body, values)).await?;
    Ok(())
}

const STILL: &[Cell] = &[col("blind", Type::Text)];

const COLUMNS: &[Cell] = &[
    col("id", Type::Uuid),
    col("token", Type::Bytes),
    col("token_blind", Type::Text),
    nullable("kind", Type::Text),
    nullable("brand", Type::Text),
    nullable("last4", Type::Text),
    nullable("exp_month", Type::Int),
    nullable("exp_year", Type::Int),
];

/// A method that was detached and is kept again was attached anew.
const UPSERT: &str = "INSERT INTO payment_methods (id, customer_id, provider, livemode, token, \
                      token_blind, kind, brand, last4, exp_month, exp_year, created_at) SELECT \
                      id, ?1, ?2, ?3, token, token_blind, kind, brand, last4, CAST(exp_month AS \
                      BIGINT), CAST(exp_year AS BIGINT), ?4 FROM v WHERE true ON CONFLICT \
                      (provider, token_blind) DO UPDATE SET kind = excluded.kind, brand = \
                      excluded.brand, last4 = excluded.last4, exp_month = excluded.exp_month, \
                      exp_year = excluded.exp_year, created_at = CASE WHEN \
                      payment_methods.detached_at IS NULL THEN payment_methods.created_at ELSE \
                      excluded.created_at END, detached_at = NULL WHERE \
                      payment_methods.customer_id = excluded.customer_id AND \
                      (payment_methods.detached_at IS NULL OR payment_methods.detached_at <= ?5)";

async fn write(
    store: &Store,
    txn: &DatabaseTransaction,
    customer: CustomerId,
    provider: Provider,
    livemode: bool,
    told: &Told<'_>,
) -> Result<(), Error> {
    if told.kept.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::new(COLUMNS);
    for method in told.kept {
        let id = MethodId::new();
        let sealed = store.vault.seal(Place::new(TOKEN, id.uuid()), method.token.as_bytes())?;
        rows.push([
            id.uuid().into(),
            sealed.into(),
            store.vault.blind(TOKEN, &method.token).into(),
            method.summary.kind.clone().into(),
            method.summary.brand.clone().into(),
            method.summary.last4.clone().into(),
            method.exp_month.into(),
            method.exp_year.into(),
        ]);
    }
    let values = vec![
        customer.uuid().into(),
        provider.as_str().into(),
        livemode.into(),
        store.clock.now().micros().into(),
        told.at.micros().into(),
    ];
    txn.execute_raw(rows.statement(txn.get_database_backend(), UPSERT, values)).await?;
    Ok(())
}

/// Whose a method is stands in the query, so that nobody can forget to compare it.
fn own(user_ref: &str) -> sea_orm::Select<Entity> {
    let owner: RelationDef = Entity::belongs_to(customer::Entity)
        .from(Column::CustomerId)
        .to(customer::Column::Id)
        .into();
    Entity::find().join(JoinType::InnerJoin, owner).filter(customer::Column::UserRef.eq(user_ref))
}
