//! What was mailed on which occasion.
//!
//! The window between the mail server's "accepted" and our commit cannot be closed. So a mail is
//! marked before it is sent, its `Message-ID` is made of its row, and a copy after a crash is the
//! same mail to whoever receives it.

use entities::{
    MailId, PaymentId,
    mail::{ActiveModel, Column, Entity, Model, State},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, Set, Unchanged,
    sea_query::OnConflict,
};

use crate::{Error, Store, vault::Place};

/// Whether a mail is still to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Send it, with this id.
    Send(MailId),
    /// The server has accepted it before.
    Sent,
}

/// Marks that a mail on `occasion` is about to be sent; one for each, ever.
pub async fn begin(
    store: &Store,
    occasion: &str,
    recipient: &str,
    subject: &str,
) -> Result<Occasion, Error> {
    let id = MailId::new();
    let place = Place::new("mails.recipient", id.uuid());
    let row = ActiveModel {
        id: Set(id),
        occasion: Set(occasion.to_owned()),
        recipient: Set(store.vault.seal(place, recipient.as_bytes())?),
        subject: Set(subject.to_owned()),
        state: Set(State::Sending),
        created_at: Set(store.clock.now()),
        sent_at: Set(None),
    };
    let keep = OnConflict::column(Column::Occasion).do_nothing().to_owned();
    Entity::insert_many([row]).on_conflict(keep).exec_without_returning(store.db.writer()).await?;
    let found = Entity::find().filter(Column::Occasion.eq(occasion));
    let found: Option<Model> = found.one(store.db.writer()).await?;
    let row = found.ok_or_else(|| Error::Inconsistent("a mail vanished".to_owned()))?;
    Ok(match row.state {
        State::Sending => Occasion::Send(row.id),
        State::Sent => Occasion::Sent,
    })
}

/// Whether the mail on `occasion` has been accepted by the mail server.
pub async fn is_sent(store: &Store, occasion: &str) -> Result<bool, Error> {
    let sent = Column::Occasion.eq(occasion).and(Column::State.eq(State::Sent));
    Ok(Entity::find().filter(sent).one(store.db.reader()).await?.is_some())
}

/// The occasion of the receipt for payment `id`.
pub fn receipt_occasion(id: PaymentId) -> String {
    format!("receipt:{id}")
}

/// Notes that the server accepted mail `id`.
pub async fn sent(store: &Store, id: MailId) -> Result<(), Error> {
    let row = ActiveModel {
        id: Unchanged(id),
        state: Set(State::Sent),
        sent_at: Set(Some(store.clock.now())),
        ..Default::default()
    };
    row.update(store.db.writer()).await?;
    Ok(())
}
