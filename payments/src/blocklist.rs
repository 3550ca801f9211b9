//! The blocklist: users, cards, mail domains and ranges of addresses to whom nothing is sold
//! (`AC9.3.5`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use boot::sql;
use entities::{
    BlockId, PaymentId, ReviewId, Timestamp,
    block::{Column, Entity, Kind, Model},
    payment,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::{
    Error, Store,
    audit::{self, Line},
    fraud::{digits, domain},
    page::cut,
};

/// Most entries on a page.
const MOST: u64 = 100;

/// Longest reason, in characters.
const REASON: usize = 500;

/// An entry to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    kind: Kind,
    value: String,
    range: Option<(String, String)>,
    reason: String,
    expires_at: Option<Timestamp>,
    review_id: Option<ReviewId>,
}

impl Entry {
    /// An entry of `kind` about `value`: a user's id, a card's keyed hash, a mail domain, or a range
    /// of addresses such as `203.0.113.0/24`.
    pub(crate) fn new(
        kind: Kind,
        value: &str,
        reason: &str,
        expires_at: Option<Timestamp>,
        review_id: Option<ReviewId>,
    ) -> Result<Self, Error> {
        let (value, reason) = (value.trim(), reason.trim());
        if reason.is_empty() || reason.chars().count() > REASON {
            return Err(Error::Invalid("an entry has a reason, of 1 to 500 characters"));
        }
        let (value, range) = match kind {
            Kind::User | Kind::Card if (1..=255).contains(&value.len()) => (value.to_owned(), None),
            Kind::User | Kind::Card => {
                return Err(Error::Invalid("a user's id has 1 to 255 bytes"));
            }
            Kind::EmailDomain => (mail_domain(value)?, None),
            Kind::Address => {
                let (value, low, high) = range(value)?;
                (value, Some((low, high)))
            }
        };
        Ok(Self { kind, value, range, reason: reason.to_owned(), expires_at, review_id })
    }
}

/// Adds an entry of `kind` in the name of `by`, for `reason` and until `expires_at`, if that is
/// given. A card is named by a payment that was paid with it.
///
/// What is in force already stays as it is, and is returned.
pub async fn add(
    store: &Store,
    by: &str,
    kind: Kind,
    value: &str,
    reason: &str,
    expires_at: Option<Timestamp>,
) -> Result<Model, Error> {
    let now = store.clock.now();
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Error::Invalid("the end of an entry is in the future"));
    }
    let value = match kind {
        Kind::Card => card_of(store, value).await?,
        Kind::User | Kind::EmailDomain | Kind::Address => value.to_owned(),
    };
    let entry = Entry::new(kind, &value, reason, expires_at, None)?;
    let txn = store.db.begin().await?;
    let (row, line) = write(&txn, entry, &format!("user:{by}"), now).await?;
    audit::write(&txn, line.into_iter().collect(), now).await?;
    txn.commit().await?;
    Ok(row)
}

/// Writes `entry`, if and only if `txn` commits, unless the like is in force; the line is for the
/// audit log.
pub(crate) async fn write(
    txn: &DatabaseTransaction,
    entry: Entry,
    actor: &str,
    now: Timestamp,
) -> Result<(Model, Option<Line>), Error> {
    // One that has ended makes room.
    let body = "UPDATE blocklist SET removed_by = 'system', removed_at = expires_at WHERE kind = ?1 \
                AND value = ?2 AND removed_at IS NULL AND expires_at <= ?3";
    let values = vec![entry.kind.as_str().into(), entry.value.clone().into(), now.micros().into()];
    txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    let Entry { kind, value, range, reason, expires_at, review_id } = entry;
    let (low, high) = range.unzip();
    let row = Model {
        id: BlockId::new(),
        kind,
        value: value.clone(),
        low,
        high,
        reason,
        review_id,
        added_by: actor.trim_start_matches("user:").to_owned(),
        created_at: now,
        expires_at,
        removed_by: None,
        removed_at: None,
    };
    let id = row.id;
    let keep = OnConflict::columns([Column::Kind, Column::Value])
        .target_and_where(Column::RemovedAt.is_null())
        .do_nothing()
        .to_owned();
    let row = sea_orm::IntoActiveModel::into_active_model(row);
    Entity::insert_many([row]).on_conflict(keep).exec_without_returning(txn).await?;
    let in_force = Entity::find()
        .filter(Column::Kind.eq(kind).and(Column::Value.eq(&value)))
        .filter(Column::RemovedAt.is_null());
    let missing = || Error::Inconsistent("an entry of the blocklist vanished".to_owned());
    let row = in_force.one(txn).await?.ok_or_else(missing)?;
    let line = (row.id == id).then(|| Line {
        actor: actor.to_owned(),
        action: "blocklist.add".to_owned(),
        subject: row.id.to_string(),
        before: None,
        after: Some(format!("{}: {}", kind.as_str(), row.reason)),
    });
    Ok((row, line))
}

/// Takes entry `id` off in the name of `by`, and with a user the flag of their account; `None` if
/// there is no such entry. Twice is once.
pub async fn remove(store: &Store, by: &str, id: BlockId) -> Result<Option<Model>, Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let body = "UPDATE blocklist SET removed_by = ?1, removed_at = ?2 WHERE id = ?3 AND removed_at \
                IS NULL";
    let values = vec![by.into(), now.micros().into(), id.uuid().into()];
    let statement = sql::statement(txn.get_database_backend(), body, values);
    let first = txn.execute_raw(statement).await?.rows_affected() == 1;
    let Some(row) = Entity::find_by_id(id).one(&txn).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    if first {
        if row.kind == Kind::User {
            let body =
                "UPDATE customers SET flagged_at = NULL, updated_at = ?1 WHERE user_ref = ?2";
            let values = vec![now.micros().into(), row.value.clone().into()];
            txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
        }
        let line = Line {
            actor: format!("user:{by}"),
            action: "blocklist.remove".to_owned(),
            subject: id.to_string(),
            before: Some(format!("{}: {}", row.kind.as_str(), row.reason)),
            after: None,
        };
        audit::write(&txn, vec![line], now).await?;
    }
    txn.commit().await?;
    Ok(Some(row))
}

/// Entry `id`.
pub async fn find(store: &Store, id: BlockId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(id).one(store.db.reader()).await?)
}

/// A page of entries, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Model>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<BlockId>,
}

/// Entries: one page, after `after`; only those in force, unless `all`.
pub async fn page(
    store: &Store,
    all: bool,
    after: Option<BlockId>,
    limit: u64,
) -> Result<Page, Error> {
    let limit = limit.clamp(1, MOST);
    let mut select = Entity::find().order_by_desc(Column::Id).limit(limit + 1);
    if !all {
        let lasting = Condition::any()
            .add(Column::ExpiresAt.is_null())
            .add(Column::ExpiresAt.gt(store.clock.now()));
        select = select.filter(Column::RemovedAt.is_null()).filter(lasting);
    }
    if let Some(after) = after {
        select = select.filter(Column::Id.lt(after));
    }
    let entries = select.all(store.db.reader()).await?;
    let (entries, next) = cut(entries, limit, |row| row.id);
    Ok(Page { entries, next })
}

/// The keyed hash of the card that payment `id` was paid with.
async fn card_of(store: &Store, id: &str) -> Result<String, Error> {
    let unknown = Error::Invalid("name a payment (txn_…) that was paid with the card");
    let Ok(id) = id.trim().parse::<PaymentId>() else { return Err(unknown) };
    let found = payment::Entity::find_by_id(id).one(store.db.reader()).await?;
    found.and_then(|payment| payment.card_blind).ok_or(unknown)
}

fn mail_domain(value: &str) -> Result<String, Error> {
    let plain = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    let domain = domain(&format!("@{value}")).filter(|domain| {
        !value.contains('@')
            && domain.contains('.')
            && domain.len() <= 253
            && domain.chars().all(plain)
    });
    domain.ok_or(Error::Invalid("a mail domain is what follows the @, such as example.com"))
}

/// A range as it is written, with its first and last address.
fn range(value: &str) -> Result<(String, String, String), Error> {
    let wrong = Error::Invalid(
        "a range is written like 203.0.113.0/24 or 2001:db8::/48; the widest are /8 and /19",
    );
    let (address, prefix) = value.split_once('/').unwrap_or((value, ""));
    let Ok(address) = address.parse::<IpAddr>().map(|address| address.to_canonical()) else {
        return Err(wrong);
    };
    // Wider ones are a slip of the finger that keeps half the world out.
    let (bits, least) = if address.is_ipv4() { (32, 8) } else { (128, 19) };
    let prefix: u32 = if prefix.is_empty() { bits } else { prefix.parse().unwrap_or(u32::MAX) };
    if !(least..=bits).contains(&prefix) {
        return Err(wrong);
    }
    let rest = u128::MAX.checked_shr(128 - (bits - prefix)).filter(|_| prefix < bits);
    let rest = rest.unwrap_or_default();
    let of = |number: u128| match address {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(number)),
    };
    let number = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let (low, high) = (of(number & !rest), of(number | rest));
    Ok((format!("{low}/{prefix}"), digits(low), digits(high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_goes_from_its_first_to_its_last_address() {
        let digits = |address: &str| digits(address.parse().unwrap());
        let ranges = [
            ("203.0.113.77/24", "203.0.113.0/24", "203.0.113.0", "203.0.113.255"),
            ("203.0.113.9", "203.0.113.9/32", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.0/8", "10.0.0.0/8", "10.0.0.0", "10.255.255.255"),
            (
                "2001:db8:1:2::/64",
                "2001:db8:1:2::/64",
                "2001:db8:1:2::",
                "2001:db8:1:2:ffff:ffff:ffff:ffff",
            ),
            ("::ffff:203.0.113.9", "203.0.113.9/32", "203.0.113.9", "203.0.113.9"),
        ];
        for (written, value, low, high) in ranges {
            let expected = (value.to_owned(), digits(low), digits(high));
            assert_eq!(range(written).unwrap(), expected, "{written}");
        }
        for wrong in ["", "x", "1.2.3.4/33", "1.2.3.4/7", "0.0.0.0/0", "::/0", "1.2.3.4/x", "a/24"]
        {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mail_domain_is_compared_in_small_letters() {
        assert_eq!(mail_domain("Evil.Example").unwrap(), "evil.example");
        for wrong in ["", "evil", "a@evil.example", "evil .example", "evil.example/x"] {
            assert!(mail_domain(wrong).is_err(), "{wrong}");
        }
    }
}
