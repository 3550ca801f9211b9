//! Looking for what was done to lines after they were written.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use boot::{db::WHOLE_TABLES, sql};
use entities::audit_log::Model;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, FromQueryResult, TransactionTrait,
};

use tokio::time::Instant;

use super::{
    chain::{Anchor, Hash, START, link},
    seal::{Head, too_late},
};
use crate::{Error, Store};

/// Lines looked at with one query.
const PAGE: i64 = 2_000;

/// Most problems that are told one by one; the first says where to look.
const MOST: usize = 50;

/// What [`verify()`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many lines are chained.
    pub lines: i64,
    /// The end of the chain.
    pub head: Option<Anchor>,
    /// How many lines were written too lately to be chained yet.
    pub open: i64,
    /// What does not hold, at most fifty sentences of it.
    pub problems: Vec<String>,
    /// Whether time was up before the end: nothing is said of what comes after [`Self::head`].
    pub cut_short: bool,
}

impl Report {
    fn note(&mut self, problem: String) {
        if self.problems.len() < MOST {
            self.problems.push(problem);
        }
    }
}

/// The highest head that this process has seen: what is cut off later is missed.
#[derive(Debug, Default)]
pub struct Seen(Mutex<Option<Anchor>>);

impl Seen {
    /// Remembers `head`, if it is further than what was seen before.
    pub fn note(&self, head: Option<Anchor>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if head.map(|head| head.seq) > seen.map(|seen| seen.seq) {
            *seen = head;
        }
    }

    /// What was seen.
    pub fn head(&self) -> Option<Anchor> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Recomputes the whole chain from the lines, and compares it with the seals, with the signed heads,
/// and with `anchors`: heads that were noted where nobody who can write to the database reaches.
///
/// A line that is edited, deleted, swapped or slipped in breaks the chain. A chain that is made anew
/// lacks our signature. One that ends early, at a head that we did sign, is told by an anchor alone.
pub async fn verify(store: &Store, anchors: &[Anchor]) -> Result<Report, Error> {
    recompute(store, anchors, None).await
}

/// Likewise from the first line on, for at most about `span`: for somebody who waits for the answer.
pub async fn verify_within(store: &Store, span: Duration) -> Result<Report, Error> {
    recompute(store, &[], Some(Instant::now() + span)).await
}

async fn recompute(
    store: &Store,
    anchors: &[Anchor],
    deadline: Option<Instant>,
) -> Result<Report, Error> {
    let txn = snapshot(store).await?;
    let mut report = Report::default();
    let mut anchors: Vec<Anchor> = anchors.to_vec();
    let (mut hash, mut signed) = (START, 0);
    loop {
        let page = page(&txn, report.head.map_or(0, |head| head.seq)).await?;
        if page.is_empty() {
            break;
        }
        if report.lines > 0 && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            report.cut_short = true;
            txn.rollback().await?;
            return Ok(report);
        }
        for seal in page {
            report.judge(&seal, hash);
            hash = seal.hash;
            if let Some(head) = &seal.head {
                report.judge_head(store, &seal, head);
                signed = seal.seq;
            }
            anchors.retain(|anchor| !compare(anchor, &seal, &mut report));
        }
    }
    let end = report.head.map_or(0, |head| head.seq);
    if signed < end {
        report.note(format!("the chain is signed to {signed} and goes on to {end}"));
    }
    for anchor in anchors {
        report.note(format!("line {} was sealed once and is cut off now", anchor.seq));
    }
    lone_heads(&txn, &mut report).await?;
    unsealed(store, &txn, &mut report).await?;
    txn.rollback().await?;
    Ok(report)
}

/// A place in the chain, the line that should be there, and the signature if it was an end once.
struct Seal {
    seq: i64,
    hash: Hash,
    line: Option<Model>,
    head: Option<Head>,
}

impl Report {
    fn judge(&mut self, seal: &Seal, previous: Hash) {
        let expected = self.head.map_or(1, |head| head.seq + 1);
        if seal.seq != expected {
            self.note(format!("the chain goes from {} to {}", expected - 1, seal.seq));
        }
        match &seal.line {
            None => self.note(format!("line {} is gone", seal.seq)),
            Some(line) if link(&previous, seal.seq, line) != seal.hash => {
                self.note(format!("line {} ({}) is not what was sealed", seal.seq, line.id));
            }
            Some(_) => {}
        }
        self.lines += 1;
        self.head = Some(Anchor { seq: seal.seq, hash: seal.hash });
    }

    fn judge_head(&mut self, store: &Store, seal: &Seal, head: &Head) {
        if !head.is_ours(&store.vault) {
            self.note(format!("head {} is not signed by us", head.seq));
        } else if head.hash != seal.hash {
            self.note(format!("head {} was signed over another chain", head.seq));
        }
    }
}

/// Whether `anchor` is about `seal`; says so if they differ.
fn compare(anchor: &Anchor, seal: &Seal, report: &mut Report) -> bool {
    let same = anchor.seq == seal.seq;
    if same && anchor.hash != seal.hash {
        report.note(format!("the chain up to {} is not the one that was noted", seal.seq));
    }
    same
}

/// Lines that are in no chain: the newest wait for the sealer, others never went through us.
async fn unsealed(
    store: &Store,
    txn: &DatabaseTransaction,
    report: &mut Report,
) -> Result<(), Error> {
    let late = too_late(store, txn).await?;
    let body = "SELECT COUNT(*) AS lines, CAST(COALESCE(SUM(CASE WHEN a.id > ?1 THEN 0 ELSE 1 \
                END), 0) AS BIGINT) AS late FROM audit_log a WHERE NOT EXISTS (SELECT 1 FROM \
                audit_seals s WHERE s.audit_id = a.id)";
    let statement = sql::statement(txn.get_database_backend(), body, vec![late.into()]);
    if let Some(row) = txn.query_one_raw(statement).await? {
        let (lines, late): (i64, i64) = (row.try_get("", "lines")?, row.try_get("", "late")?);
        report.open = lines - late;
        if late > 0 {
            report.note(format!(
                "{late} lines were never sealed: slipped in with an old date, or written by a \
                 process whose clock is far behind"
            ));
        }
    }
    Ok(())
}

/// Heads that we signed at places that the chain has no more.
async fn lone_heads(txn: &DatabaseTransaction, report: &mut Report) -> Result<(), Error> {
    let body = "SELECT h.seq FROM audit_heads h WHERE NOT EXISTS (SELECT 1 FROM audit_seals s \
                WHERE s.seq = h.seq) ORDER BY h.seq LIMIT 50";
    let statement = sql::statement(txn.get_database_backend(), body, Vec::new());
    for row in txn.query_all_raw(statement).await? {
        let seq: i64 = row.try_get("", "seq")?;
        report.note(format!("head {seq} was signed, and the chain has no such place"));
    }
    Ok(())
}

async fn page(txn: &DatabaseTransaction, after: i64) -> Result<Vec<Seal>, Error> {
    let body = "SELECT s.seq AS place, s.hash AS sealed, a.id AS found, a.*, h.seq AS head, h.* \
                FROM audit_seals s LEFT JOIN audit_log a ON a.id = s.audit_id LEFT JOIN \
                audit_heads h ON h.seq = s.seq WHERE s.seq > ?1 ORDER BY s.seq LIMIT ?2";
    let values = vec![after.into(), PAGE.into()];
    let rows = txn.query_all_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    let seal = |row: sea_orm::QueryResult| {
        let hash: Vec<u8> = row.try_get("", "sealed")?;
        let found: Option<uuid::Uuid> = row.try_get("", "found")?;
        let line = found.map(|_| Model::from_query_result(&row, "")).transpose()?;
        let head: Option<i64> = row.try_get("", "head")?;
        let head = head.map(|_| Head::from_query_result(&row, "")).transpose()?;
        // One of another length is no hash, and fits no line.
        let hash = hash.try_into().unwrap_or(START);
        Ok(Seal { seq: row.try_get("", "place")?, hash, line, head })
    };
    rows.into_iter().map(seal).collect()
}

/// One snapshot for all pages, or lines that are sealed meanwhile look like faults.
async fn snapshot(store: &Store) -> Result<DatabaseTransaction, Error> {
    let txn = store.db.reader().begin().await?;
    if store.db.backend() == DatabaseBackend::Postgres {
        txn.execute_unprepared("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        txn.execute_unprepared(WHOLE_TABLES).await?;
    }
    Ok(txn)
}
