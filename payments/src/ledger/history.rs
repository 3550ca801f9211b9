use boot::sql;
use entities::{CustomerId, Timestamp, TransferId, ledger_transfer::Kind};
use sea_orm::ActiveEnum;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{CREDITS, available};
use crate::{Error, Store, page::cut};

/// Most movements on a page.
const MOST: u64 = 100;

/// Credits that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The transfer.
    pub id: TransferId,
    /// Why.
    pub kind: Kind,
    /// How many: positive came, negative went.
    pub credits: i64,
    /// What it was for: a payment's id, or the reference of a spend.
    pub reference: String,
    /// When.
    pub at: Timestamp,
}

/// A page of movements, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Movements {
    /// The movements.
    pub movements: Vec<Movement>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<TransferId>,
}

/// What came to and went from `customer`'s spendable credits: one page, after `after`.
pub async fn movements(
    store: &Store,
    customer: CustomerId,
    after: Option<TransferId>,
    limit: u64,
) -> Result<Movements, Error> {
    let limit = limit.clamp(1, MOST);
    let body = "SELECT t.id AS id, t.kind AS kind, t.source_ref AS source_ref, t.created_at AS \
                created_at, CAST(SUM(e.amount) AS BIGINT) AS credits FROM ledger_transfers t JOIN \
                ledger_entries e ON e.transfer_id = t.id WHERE t.customer_id = ?1 AND e.account = \
                ?2 AND e.asset = ?3 AND t.id < ?4 GROUP BY t.id, t.kind, t.source_ref, \
                t.created_at ORDER BY t.id DESC LIMIT ?5";
    let before = after.map_or(Uuid::max(), TransferId::uuid);
    let one_more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let values = vec![
        customer.uuid().into(),
        available(customer).into(),
        CREDITS.into(),
        before.into(),
        one_more.into(),
    ];
    let statement = sql::statement(store.db.backend(), body, values);
    let prefix = format!("{customer}:");
    let mut movements = Vec::new();
    for row in store.db.reader().query_all_raw(statement).await? {
        let source: String = row.try_get("", "source_ref")?;
        movements.push(Movement {
            id: TransferId::from_uuid(row.try_get("", "id")?),
            kind: Kind::try_from_value(&row.try_get("", "kind")?)?,
            credits: row.try_get("", "credits")?,
            reference: source.strip_prefix(&prefix).unwrap_or(&source).to_owned(),
            at: Timestamp::from_micros(row.try_get("", "created_at")?),
        });
    }
    let (movements, next) = cut(movements, limit, |movement| movement.id);
    Ok(Movements { movements, next })
}
