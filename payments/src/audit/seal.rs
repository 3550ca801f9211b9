//! Chaining lines that were written.

use std::time::Duration;

use boot::sql::{self, Column, Rows, Type, col};
use entities::{
    Timestamp,
    audit_log::{Entity, Model},
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult};
use uuid::Uuid;

use super::chain::{Anchor, Hash, START, link};
use crate::{Error, Store, vault::Vault};

/// Lines chained in one transaction.
const BATCH: usize = 1_000;

/// How much later than its id says a line may be committed: no transaction is open for a minute, and
/// clocks that are minutes apart fail every webhook. What comes later still is never sealed, and
/// [`verify()`](super::verify()) says so.
const LATE: Duration = Duration::from_mins(10);

const SEALS: &[Column] =
    &[col("seq", Type::Int), col("audit_id", Type::Uuid), col("hash", Type::Bytes)];

/// What [`seal()`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// How many lines it chained.
    pub lines: usize,
    /// The end of the chain; `None` while no line was ever written.
    pub head: Option<Anchor>,
}

/// Chains every line that is committed and not chained yet, oldest first.
///
/// Two that do it at once do not harm the chain: the second one fails on the place that the first one
/// has taken. A head that we did not sign is an [`Error::Inconsistent`]: to go on from it would make
/// it ours.
pub async fn seal(store: &Store) -> Result<Sealed, Error> {
    let mut lines = 0;
    loop {
        let (sealed, head) = seal_batch(store).await?;
        lines += sealed;
        if sealed < BATCH {
            metrics::counter!("quittance_audit_sealed_total").increment(lines as u64);
            return Ok(Sealed { lines, head });
        }
    }
}

/// When lines were last sealed; `None` while none ever was.
pub async fn sealed_at(store: &Store) -> Result<Option<Timestamp>, Error> {
    let head = match newest(&store.vault, store.db.reader()).await {
        // Told by whoever verifies; here it only means that nothing is sealed any more.
        Err(Error::Inconsistent(_)) => return Ok(None),
        head => head?,
    };
    Ok(head.map(|head| head.sealed_at))
}

async fn seal_batch(store: &Store) -> Result<(usize, Option<Anchor>), Error> {
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let last = newest(&store.vault, &txn).await?;
    let head = last.as_ref().map(|head| Anchor { seq: head.seq, hash: head.hash });
    let floor = floor(&txn, last.as_ref()).await?;
    let open = open(&txn, floor, BATCH).await?;
    if open.is_empty() {
        txn.rollback().await?;
        return Ok((0, head));
    }
    let (mut seq, mut hash) = head.map_or((0, START), |head| (head.seq, head.hash));
    let mut rows = Rows::new(SEALS);
    for line in &open {
        seq += 1;
        hash = link(&hash, seq, line);
        rows.push([seq.into(), line.id.uuid().into(), hash.to_vec().into()]);
    }
    let body = "INSERT INTO audit_seals (seq, audit_id, hash) SELECT seq, audit_id, hash FROM v";
    txn.execute_raw(rows.statement(txn.get_database_backend(), body, Vec::new())).await?;
    let head = Anchor { seq, hash };
    sign(&store.vault, &txn, head, now).await?;
    txn.commit().await?;
    Ok((open.len(), Some(head)))
}

/// Lines with an id after `floor` that are not chained, oldest first.
async fn open(txn: &DatabaseTransaction, floor: Uuid, limit: usize) -> Result<Vec<Model>, Error> {
    let body = "SELECT a.* FROM audit_log a WHERE a.id > ?1 AND NOT EXISTS (SELECT 1 FROM \
                audit_seals s WHERE s.audit_id = a.id) ORDER BY a.id LIMIT ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = vec![floor.into(), limit.into()];
    let statement = sql::statement(txn.get_database_backend(), body, values);
    Ok(Entity::find().from_raw_sql(statement).all(txn).await?)
}

/// The id below which every line is chained, or will never be.
async fn floor(connection: &impl ConnectionTrait, last: Option<&Head>) -> Result<Uuid, Error> {
    let Some(last) = last else { return Ok(Uuid::nil()) };
    let body = "SELECT audit_id FROM audit_seals ORDER BY audit_id DESC LIMIT 1";
    let statement = sql::statement(connection.get_database_backend(), body, Vec::new());
    let Some(row) = connection.query_one_raw(statement).await? else { return Ok(Uuid::nil()) };
    let newest: Uuid = row.try_get("", "audit_id")?;
    let sealed = u128::try_from(last.sealed_at.micros() / 1_000).unwrap_or(0);
    // Of a UUID v7 the first 48 bits are milliseconds. The earlier of both, since somebody's clock,
    // or an id made up, may be far ahead.
    let at = (newest.as_u128() >> 80).min(sealed).saturating_sub(LATE.as_millis());
    Ok(Uuid::from_u128(at << 80))
}

/// The id below which a line that is not chained is one that [`seal()`] never will.
pub(super) async fn too_late(
    store: &Store,
    connection: &impl ConnectionTrait,
) -> Result<Uuid, Error> {
    // Whoever verifies wants to hear of a forged head, and of everything else beside it.
    let last = match newest(&store.vault, connection).await {
        Err(Error::Inconsistent(_)) => None,
        last => last?,
    };
    floor(connection, last.as_ref()).await
}

/// A signed end of the chain.
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) hash: Hash,
    pub(super) sealed_at: Timestamp,
    pub(super) mac: String,
}

impl Head {
    /// Whether we signed it.
    pub(super) fn is_ours(&self, vault: &Vault) -> bool {
        let anchor = Anchor { seq: self.seq, hash: self.hash };
        self.mac == mac(vault, anchor, self.sealed_at)
    }
}

impl FromQueryResult for Head {
    fn from_query_result(row: &sea_orm::QueryResult, pre: &str) -> Result<Self, sea_orm::DbErr> {
        let hash: Vec<u8> = row.try_get(pre, "hash")?;
        let wrong = |_| sea_orm::DbErr::Type("a hash of the audit log has 32 bytes".to_owned());
        Ok(Self {
            seq: row.try_get(pre, "seq")?,
            hash: hash.try_into().map_err(wrong)?,
            sealed_at: Timestamp::from_micros(row.try_get(pre, "sealed_at")?),
            mac: row.try_get(pre, "mac")?,
        })
    }
}

async fn newest(vault: &Vault, connection: &impl ConnectionTrait) -> Result<Option<Head>, Error> {
    let body = "SELECT seq, hash, sealed_at, mac FROM audit_heads ORDER BY seq DESC LIMIT 1";
    let statement = sql::statement(connection.get_database_backend(), body, Vec::new());
    let head = Head::find_by_statement(statement).one(connection).await?;
    match head {
        Some(head) if !head.is_ours(vault) => Err(Error::Inconsistent(format!(
            "head {} of the audit log is not signed by us",
            head.seq
        ))),
        head => Ok(head),
    }
}

async fn sign(
    vault: &Vault,
    txn: &DatabaseTransaction,
    head: Anchor,
    now: Timestamp,
) -> Result<(), Error> {
    let body = "INSERT INTO audit_heads (seq, hash, sealed_at, mac) VALUES (?1, ?2, ?3, ?4)";
    let values = vec![
        head.seq.into(),
        head.hash.to_vec().into(),
        now.micros().into(),
        mac(vault, head, now).into(),
    ];
    txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    Ok(())
}

/// The signature of `head`: whoever has the database and not the master key cannot make it.
fn mac(vault: &Vault, head: Anchor, sealed_at: Timestamp) -> String {
    vault.blind("audit_heads.mac", &format!("{head}:{}", sealed_at.micros()))
}
