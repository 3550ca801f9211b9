//! Mails: what was sent on which occasion.

use sea_orm::entity::prelude::*;

use crate::{MailId, Timestamp};

/// Where a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Being handed to the mail server; after a crash it may have been accepted.
    #[sea_orm(string_value = "sending")]
    Sending,
    /// Accepted by the mail server.
    #[sea_orm(string_value = "sent")]
    Sent,
}

/// One mail; unique for each occasion.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    /// The mail; its `Message-ID` is made of it, so that a second copy is the same mail.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MailId,
    /// Why it is sent: `receipt:txn_…`, `alert:…`.
    #[sea_orm(unique)]
    pub occasion: String,
    /// To whom; encrypted.
    pub recipient: Vec<u8>,
    /// A keyed hash of the recipient, to count what one person gets.
    pub recipient_blind: Option<String>,
    /// Its subject.
    pub subject: String,
    /// Where it is.
    pub state: State,
    /// When it was first tried.
    pub created_at: Timestamp,
    /// When the server took it.
    pub sent_at: Option<Timestamp>,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
