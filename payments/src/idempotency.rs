//! Idempotency keys of our own API: the same request again gets the same answer again.
//!
//! A key belongs to a user. Whoever begins it owns it for a while; after that, a process that died
//! with it no longer stands in the way.

use std::time::Duration;

use boot::sql;
use entities::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Error, Store, vault::Place};

/// How long an answer is kept: as long as Stripe keeps its own.
pub const KEPT: Duration = Duration::from_hours(24);

/// How long a request may run before its key is free again: longer than any answer takes.
pub const LOCKED: Duration = Duration::from_mins(2);

/// A request under a key.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Whose key it is.
    pub user_ref: &'a str,
    /// The key, as the client chose it.
    pub key: &'a str,
    /// What is asked for: a method and a path.
    pub operation: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// What to do with a request.
#[derive(Clone, PartialEq, Eq)]
pub enum Begun {
    /// Do it, and end with [`keep`] or [`release`].
    New(Owner),
    /// Answer what was answered the first time.
    Replay(Answer),
    /// The first one is still being done.
    InFlight,
    /// The key was used for something else.
    Differs,
}

/// Who does a request: the proof that [`keep`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(Uuid);

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(FromQueryResult)]
struct Row {
    operation: String,
    request_hash: String,
    owner: Uuid,
    status: Option<i64>,
    answer: Option<Vec<u8>>,
}

/// Takes the key, or says why not. A row that is out of date counts as none.
const TAKE: &str = "INSERT INTO idempotency_keys (user_ref, key, operation, request_hash, owner, \
                    locked_until, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT \
                    (user_ref, key) DO UPDATE SET operation = excluded.operation, request_hash = \
                    excluded.request_hash, owner = excluded.owner, locked_until = \
                    excluded.locked_until, status = NULL, answer = NULL, expires_at = \
                    excluded.expires_at WHERE idempotency_keys.expires_at <= ?8 OR \
                    (idempotency_keys.status IS NULL AND idempotency_keys.locked_until <= ?8 AND \
                    idempotency_keys.operation = excluded.operation AND \
                    idempotency_keys.request_hash = excluded.request_hash)";

/// Begins `request`, unless it was begun before.
pub async fn begin(store: &Store, request: Request<'_>) -> Result<Begun, Error> {
    let now = store.clock.now();
    let owner = fresh();
    let hash = hex::encode(Sha256::digest(request.body));
    let values = vec![
        request.user_ref.into(),
        request.key.into(),
        request.operation.into(),
        hash.clone().into(),
        owner.into(),
        (now + LOCKED).micros().into(),
        (now + KEPT).micros().into(),
        now.micros().into(),
    ];
    let taken = sql::statement(store.db.backend(), TAKE, values);
    if store.db.writer().execute_raw(taken).await?.rows_affected() == 1 {
        return Ok(Begun::New(Owner(owner)));
    }
    let body = "SELECT operation, request_hash, owner, status, answer FROM idempotency_keys WHERE \
                user_ref = ?1 AND key = ?2";
    let values = vec![request.user_ref.into(), request.key.into()];
    let statement = sql::statement(store.db.backend(), body, values);
    let row = Row::find_by_statement(statement).one(store.db.writer()).await?;
    // Released since: the next try will have it.
    let Some(row) = row else { return Ok(Begun::InFlight) };
    if row.operation != request.operation || row.request_hash != hash {
        return Ok(Begun::Differs);
    }
    let (Some(status), Some(sealed)) = (row.status, row.answer) else {
        return Ok(Begun::InFlight);
    };
    let body = store.vault.unseal(place(row.owner), &sealed)?;
    let status = u16::try_from(status)
        .map_err(|_| Error::Inconsistent("a kept answer has no status".to_owned()))?;
    Ok(Begun::Replay(Answer { status, body }))
}

/// Keeps `answer` for whoever sends the request again. Encrypted: it may hold a client secret.
pub async fn keep(store: &Store, owner: Owner, answer: &Answer) -> Result<(), Error> {
    let body = "UPDATE idempotency_keys SET status = ?1, answer = ?2 WHERE owner = ?3 AND status \
                IS NULL";
    let sealed = store.vault.seal(place(owner.0), &answer.body)?;
    let values = vec![i64::from(answer.status).into(), sealed.into(), owner.0.into()];
    store.db.writer().execute_raw(sql::statement(store.db.backend(), body, values)).await?;
    Ok(())
}

/// Frees a key whose request came to nothing, so that it can be tried again at once.
pub async fn release(store: &Store, owner: Owner) -> Result<(), Error> {
    let body = "DELETE FROM idempotency_keys WHERE owner = ?1 AND status IS NULL";
    let statement = sql::statement(store.db.backend(), body, vec![owner.0.into()]);
    store.db.writer().execute_raw(statement).await?;
    Ok(())
}

/// Deletes what expired before `now`.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, Error> {
    let body = "DELETE FROM idempotency_keys WHERE expires_at <= ?1";
    let statement = sql::statement(store.db.backend(), body, vec![now.micros().into()]);
    Ok(store.db.writer().execute_raw(statement).await?.rows_affected())
}

fn place(owner: Uuid) -> Place {
    Place::new("idempotency_keys.answer", owner)
}

/// A number that nobody else has.
fn fresh() -> Uuid {
    entities::JobId::new().uuid()
}
