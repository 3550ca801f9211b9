//! What was mailed on which occasion.
//!
//! The window between the mail server's "accepted" and our commit cannot be closed. So a mail is
//! marked before it is sent, its `Message-ID` is made of its row, and a copy after a crash is the
//! same mail to whoever receives it.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use boot::{
    faults,
    sql::{self, Column, Rows, Type, col},
};
use entities::{
    MailId, PaymentId,
    mail::{self, Entity, Model, State},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use crate::{Error, Store, vault::Place};

/// The span in which mails to one recipient are counted.
const WINDOW: Duration = Duration::from_hours(1);

/// Whether a mail is still to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Send it, with this id.
    Send(MailId),
    /// The server has accepted it before.
    Sent,
    /// The recipient has had enough for now: try again after this.
    Later(Duration),
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
    col("blind", Type::Text),
    col("subject", Type::Text),
];

/// Marks that mails are about to be sent, one for each occasion, ever, and at most `per_hour` new
/// ones to one recipient; what is to be done on each, in order. The occasions must differ.
pub async fn begin(
    store: &Store,
    openings: &[Opening<'_>],
    per_hour: u64,
) -> Result<Vec<Occasion>, Error> {
    let mut room = Room::of(store, openings, per_hour).await?;
    let admitted = openings.iter().filter(|opening| room.takes(opening.recipient));
    let mut occasions = mark(store, &admitted.collect::<Vec<_>>()).await?;
    if occasions.len() < openings.len() {
        occasions.extend(known(store, openings).await?);
    }
    let mut all = Vec::with_capacity(openings.len());
    for Opening { occasion, recipient, .. } in openings {
        all.push(match occasions.get(*occasion) {
            Some(occasion) => *occasion,
            None => Occasion::Later(wait(store, &blind(store, recipient), per_hour).await?),
        });
    }
    Ok(all)
}

/// Writes the rows of those of `openings` that have none; the occasions of all if none of them had
/// one, and otherwise nothing.
async fn mark(
    store: &Store,
    openings: &[&Opening<'_>],
) -> Result<HashMap<String, Occasion>, Error> {
    let mut occasions = HashMap::new();
    if openings.is_empty() {
        return Ok(occasions);
    }
    let mut rows = Rows::new(COLUMNS);
    for Opening { occasion, recipient, subject } in openings {
        let id = MailId::new();
        let place = Place::new("mails.recipient", id.uuid());
        rows.push([
            id.uuid().into(),
            (*occasion).into(),
            store.vault.seal(place, recipient.as_bytes())?.into(),
            blind(store, recipient).into(),
            (*subject).into(),
        ]);
        occasions.insert((*occasion).to_owned(), Occasion::Send(id));
    }
    let body = "INSERT INTO mails (id, occasion, recipient, recipient_blind, subject, state, \
                created_at) SELECT id, occasion, recipient, blind, subject, 'sending', ?1 FROM v \
                WHERE true ON CONFLICT (occasion) DO NOTHING";
    let now = store.clock.now().micros().into();
    let statement = rows.statement(store.db.backend(), body, vec![now]);
    let written = store.db.writer().execute_raw(statement).await?.rows_affected();
    Ok(if written == openings.len() as u64 { occasions } else { HashMap::new() })
}

/// How many more mails recipients may get, so that a bug cannot flood anybody.
struct Room<'a> {
    store: &'a Store,
    /// By [`blind`] address; who is not in it has had none.
    had: HashMap<String, u64>,
    per_hour: u64,
}

impl<'a> Room<'a> {
    async fn of(store: &'a Store, openings: &[Opening<'_>], per_hour: u64) -> Result<Self, DbErr> {
        const BLINDS: &[Column] = &[col("blind", Type::Text)];
        let recipients: HashSet<&str> = openings.iter().map(|opening| opening.recipient).collect();
        let mut had = HashMap::new();
        if !recipients.is_empty() {
            let mut rows = Rows::new(BLINDS);
            for recipient in recipients {
                rows.push([blind(store, recipient).into()]);
            }
            let body = "SELECT v.blind, COUNT(*) AS had FROM v JOIN mails m ON m.recipient_blind = \
                        v.blind AND m.created_at > ?1 GROUP BY v.blind";
            let since = (store.clock.now() - WINDOW).micros().into();
            let statement = rows.statement(store.db.backend(), body, vec![since]);
            for row in store.db.reader().query_all_raw(statement).await? {
                let count: i64 = row.try_get("", "had")?;
                had.insert(row.try_get("", "blind")?, count.unsigned_abs());
            }
        }
        Ok(Self { store, had, per_hour })
    }

    /// Whether there is room for one more to `recipient`, which is taken.
    fn takes(&mut self, recipient: &str) -> bool {
        let had = self.had.entry(blind(self.store, recipient)).or_default();
        *had += 1;
        *had <= self.per_hour
    }
}

/// How long a new mail to the recipient has to wait: room comes when the oldest of the last
/// `per_hour` mails leaves the window.
async fn wait(store: &Store, blind: &str, per_hour: u64) -> Result<Duration, Error> {
    let now = store.clock.now();
    let oldest = Entity::find()
        .filter(mail::Column::RecipientBlind.eq(blind))
        .filter(mail::Column::CreatedAt.gt(now - WINDOW))
        .order_by_desc(mail::Column::CreatedAt)
        .offset(per_hour.saturating_sub(1))
        .limit(1);
    let oldest: Option<Model> = oldest.one(store.db.reader()).await?;
    let free_at = oldest.map_or(now, |mail| mail.created_at + WINDOW);
    Ok(free_at.since(now).max(Duration::from_secs(1)))
}

/// Erases to whom mails to `recipient` went, who closes their account; that they were sent stays. Who
/// else has this address is found by it again once there is another mail to them.
pub(crate) async fn forget(
    store: &Store,
    txn: &DatabaseTransaction,
    recipient: &str,
) -> Result<(), DbErr> {
    let body = "UPDATE mails SET recipient = ?1, recipient_blind = NULL WHERE recipient_blind = ?2";
    let values = vec![Vec::<u8>::new().into(), blind(store, recipient).into()];
    txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    Ok(())
}

/// What stands for an address where it is only compared.
pub(crate) fn blind(store: &Store, recipient: &str) -> String {
    store.vault.blind("mails.recipient", &recipient.to_lowercase())
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
        _ if faults::planted("mail-unmarked") => (row.occasion, Occasion::Send(MailId::new())),
        State::Sending => (row.occasion, Occasion::Send(row.id)),
        State::Sent => (row.occasion, Occasion::Sent),
    };
    Ok(found.into_iter().map(occasion).collect())
}

/// Notes that the server accepted the mails `ids`.
pub async fn sent(store: &Store, ids: &[MailId]) -> Result<(), DbErr> {
    const IDS: &[Column] = &[col("id", Type::Uuid)];
    let mut rows = Rows::new(IDS);
    for id in ids {
        rows.push([id.uuid().into()]);
    }
    let body = "UPDATE mails SET state = 'sent', sent_at = ?1 FROM v WHERE mails.id = v.id";
    let now = store.clock.now().micros().into();
    let statement = rows.statement(store.db.backend(), body, vec![now]);
    store.db.writer().execute_raw(statement).await?;
    Ok(())
}
