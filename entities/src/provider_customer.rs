//! What our customers are called at providers.

use sea_orm::entity::prelude::*;

use crate::{CustomerId, Provider, ProviderCustomerId, Timestamp};

/// One customer at one provider.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_customers")]
pub struct Model {
    /// The row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProviderCustomerId,
    /// Who it is here.
    pub customer_id: CustomerId,
    /// Where.
    pub provider: Provider,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The provider's id of them (`cus_…`); encrypted.
    pub reference: Vec<u8>,
    /// A keyed hash of it, to find it by.
    pub reference_blind: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
