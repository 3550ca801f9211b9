//! The blocklist: to whom nothing is sold (`AC9.3.5`).

use sea_orm::entity::prelude::*;

use crate::{BlockId, ReviewId, Timestamp};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// A user, by the host application's id.
    #[sea_orm(string_value = "user")]
    User,
    /// A card, by a keyed hash of its fingerprint.
    #[sea_orm(string_value = "card")]
    Card,
    /// Addresses of mail, by what follows the @.
    #[sea_orm(string_value = "email_domain")]
    EmailDomain,
    /// A range of network addresses, in CIDR notation.
    #[sea_orm(string_value = "address")]
    Address,
}

impl Kind {
    /// The kind's name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Card => "card",
            Self::EmailDomain => "email_domain",
            Self::Address => "address",
        }
    }
}

/// One entry; of those in force there is one for each kind and value.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blocklist")]
pub struct Model {
    /// The entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BlockId,
    /// What it is about.
    pub kind: Kind,
    /// Which one.
    pub value: String,
    /// The first address of a range, as 32 hexadecimal digits of IPv6.
    pub low: Option<String>,
    /// The last address of a range.
    pub high: Option<String>,
    /// Why, for the next person.
    pub reason: String,
    /// The case it comes from.
    pub review_id: Option<ReviewId>,
    /// Who added it.
    pub added_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Who took it off.
    pub removed_by: Option<String>,
    /// When.
    pub removed_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
