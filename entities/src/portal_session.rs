//! Sessions of the portal: who a browser is, for a while.

use sea_orm::entity::prelude::*;

use crate::{SessionId, Timestamp};

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "portal_sessions")]
pub struct Model {
    /// The session.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// SHA-256 of what the browser holds, in hexadecimal digits: whoever reads this table can
    /// be nobody.
    #[sea_orm(unique)]
    pub token_hash: String,
    /// The host application's id of the user.
    pub user_ref: String,
    /// Their address; encrypted.
    pub email: Option<Vec<u8>>,
    /// What they may do, separated by commas.
    pub roles: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
