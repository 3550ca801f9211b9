//! Customers: the host application's users.

use sea_orm::entity::prelude::*;

use crate::{CustomerId, Timestamp};

/// One user of the host application.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customers")]
pub struct Model {
    /// Our id of them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CustomerId,
    /// The host application's id of them: the `sub` of its tokens.
    #[sea_orm(unique)]
    pub user_ref: String,
    /// Where receipts go; encrypted.
    pub email: Option<Vec<u8>>,
    /// What invoices to them say: name, address, tax id; encrypted JSON.
    pub billing: Option<Vec<u8>>,
    /// When they had their account deleted; what the law needs stays.
    pub closed_at: Option<Timestamp>,
    /// When fraud of theirs was confirmed; nothing more is sold to them.
    pub flagged_at: Option<Timestamp>,
    /// When we first met them.
    pub created_at: Timestamp,
    /// When this row last changed.
    pub updated_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
