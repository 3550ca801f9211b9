//! Data keys, each wrapped by the key-encryption key.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// One data key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_keys")]
pub struct Model {
    /// Its number, written into every ciphertext.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: i64,
    /// The key, encrypted under the key-encryption key.
    pub wrapped: Vec<u8>,
    /// When it was made. The newest one encrypts, all of them decrypt.
    pub created_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
