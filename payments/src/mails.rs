//! What was mailed on which occasion.
//!
//! The window between the mail server's "accepted" and our commit cannot be closed. So a mail is
//! marked before it is sent, its `Message-ID` is made of its row, and a copy after a crash is the
//! same mail to whoever receives it.

use std::collections::HashMap;

use boot::sql::{Column, Rows, Type, col};
use entities::{
    MailId, PaymentId, Timestamp,
    mail::{self, Entity, Model, State},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter};

use crate::{Error, Store, vault::Place};

/// Whether a mail is still to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Send it, with this id.
    Send(MailId),
    /// The server has accepted it before.
    Sent,
}

/// A mail about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Why: `receipt:txn_…`, `alert:…`.
    pub occasion: &'a str,
    /// To whom.
    pub recipient: &'a str,
    /// Its subject.
    pub subject: &'a str,
}

/// Whether the mail on `occasion` has been accepted by the mail server.
pub async fn is_sent(store: &Store, occasion: &str) -> Result<bool, Error> {
    let sent = mail::Column::Occasion.eq(occasion).and(mail::Column::State.eq(State::Sent));
    Ok(Entity::find().filter(sent).one(store.db.reader()).await?.is_some())
}

/// The occasion of the receipt for payment `id`.
pub fn receipt_occasion(id: PaymentId) -> String {
    format!("receipt:{id}")
}

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("occasion", Type::Text),
    col("recipient", Type::Bytes),
    col("subject", Type::Text),
];

const IDS: &[Column] = &[col("id", Type::Uuid)];

/// Marks that mails are about to be sent, one for each occasion, ever; what is to be done on each,
/// in order. The occasions must differ.
pub async fn begin(store: &Store, openings: &[Opening<'_>]) -> Result<Vec<Occasion>, Error> {
    if openings.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Rows::new(COLUMNS);
    for Opening { occasion, recipient, subject } in openings {
        let id = MailId::new();
        let recipient =
            store.vault.seal(Place::new("mails.recipient", id.uuid()), recipient.as_bytes())?;
        rows.push([id.uuid().into(), (*occasion).into(), recipient.into(), (*subject).into()]);
    }
    let body = "INSERT INTO mails (id, occasion, recipient, subject, state, created_at) SELECT id, \
                occasion, recipient, subject, 'sending', ?1 FROM v WHERE true ON CONFLICT \
                (occasion) DO NOTHING RETURNING id, occasion";
    let now = store.clock.now().micros().into();
    let statement = rows.statement(store.db.backend(), body, vec![now]);
    let mut occasions = HashMap::new();
    for row in store.db.writer().query_all_raw(statement).await? {
        let id = MailId::from_uuid(row.try_get("", "id")?);
        occasions.insert(row.try_get::<String>("", "occasion")?, Occasion::Send(id));
    }
    if occasions.len() < openings.len() {
        occasions.extend(known(store, openings).await?);
    }
    let of = |opening: &Opening<'_>| occasions.get(opening.occasion).copied();
    let all: Option<Vec<Occasion>> = openings.iter().map(of).collect();
    all.ok_or_else(|| Error::Inconsistent("a mail vanished".to_owned()))
}

/// What is to be done on those of the occasions that have their row.
async fn known(
    store: &Store,
    openings: &[Opening<'_>],
) -> Result<HashMap<String, Occasion>, Error> {
    const OCCASIONS: &[Column] = &[col("occasion", Type::Text)];
    let mut rows = Rows::new(OCCASIONS);
    for opening in openings {
        rows.push([opening.occasion.into()]);
    }
    let body = "SELECT m.* FROM v JOIN mails m ON m.occasion = v.occasion";
    let statement = rows.statement(store.db.backend(), body, Vec::new());
    let found = Entity::find().from_raw_sql(statement).all(store.db.writer()).await?;
    let occasion = |row: Model| match row.state {
        State::Sending => (row.occasion, Occasion::Send(row.id)),
        State::Sent => (row.occasion, Occasion::Sent),
    };
    Ok(found.into_iter().map(occasion).collect())
}

/// Notes that the server accepted the mails `ids`.
pub async fn sent(
    connection: &impl ConnectionTrait,
    ids: &[MailId],
    now: Timestamp,
) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::new(IDS);
    for id in ids {
        rows.push([id.uuid().into()]);
    }
    let body = "UPDATE mails SET state = 'sent', sent_at = ?1 FROM v WHERE mails.id = v.id";
    let backend = connection.get_database_backend();
    let statement = rows.statement(backend, body, vec![now.micros().into()]);
    connection.execute_raw(statement).await?;
    Ok(())
}
