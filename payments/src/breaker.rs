//! The attack breaker (`AC9.3.7`): what stands still when somebody attacks, or something is broken.
//!
//! Signals that strangers can fake must not be a switch for them: refunds wait for a while, at most
//! once in a longer while, and everything else goes on. Signals that take a secret or a fault of
//! ours hold back what they put in doubt, until a person resumes. Of each episode a person is told
//! once, however many signals it has.

use std::time::Duration;

use boot::sql;
use entities::{AttackId, Timestamp, attack, control::State};
use jobs::{Alert, Enqueued, Job};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::{
    Error, Store,
    audit::{self, Line},
    controls::{self, Change},
    core::Pauses,
};

/// An attack is over when its signals have ceased for so long.
const QUIET: Duration = Duration::from_mins(15);

/// Who pauses, in rows.
const BREAKER: &str = "breaker";

/// What is taken for an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Webhooks with a wrong signature, in numbers.
    ForgedSignatures,
    /// Tokens that prove nothing, in numbers.
    SignInFailures,
    /// Cards that are tried out.
    CardTesting,
    /// Signed events that contradict our rows, about several payments.
    Contradictions,
    /// Credits that were about to be granted a second time.
    DoubleGrant,
    /// A ledger that does not agree with itself.
    Ledger,
}

impl Signal {
    const ALL: [Self; 6] = [
        Self::ForgedSignatures,
        Self::SignInFailures,
        Self::CardTesting,
        Self::Contradictions,
        Self::DoubleGrant,
        Self::Ledger,
    ];

    /// Its name in rows and alerts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForgedSignatures => "forged-signatures",
            Self::SignInFailures => "sign-in-failures",
            Self::CardTesting => "card-testing",
            Self::Contradictions => "contradictions",
            Self::DoubleGrant => "double-grant",
            Self::Ledger => "ledger",
        }
    }

    /// What stands still. Webhooks are taken in whatever happens.
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::ForgedSignatures | Self::SignInFailures | Self::CardTesting | Self::Ledger => {
                &["refunds"]
            }
            Self::Contradictions | Self::DoubleGrant => &["refunds", "events"],
        }
    }

    /// Whether a stranger can bring it about.
    pub const fn can_be_faked(self) -> bool {
        match self {
            Self::ForgedSignatures | Self::SignInFailures | Self::CardTesting => true,
            Self::Contradictions | Self::DoubleGrant | Self::Ledger => false,
        }
    }
}

/// Notes that `signal` was seen `seen` times more, in a transaction of its own; the jobs are to be
/// announced.
pub async fn report(
    store: &Store,
    signal: Signal,
    seen: u64,
    detail: &str,
    pauses: &Pauses,
) -> Result<Option<Enqueued>, Error> {
    let txn = store.db.begin().await?;
    let enqueued = note(&txn, signal, seen, detail, pauses, store.clock.now()).await?;
    txn.commit().await?;
    Ok(enqueued)
}

/// Notes that `signal` was seen `seen` times more, if and only if `txn` commits: what it puts in
/// doubt stands still from then on, and whoever must act is told, once for each episode.
pub(crate) async fn note(
    txn: &DatabaseTransaction,
    signal: Signal,
    seen: u64,
    detail: &str,
    pauses: &Pauses,
    now: Timestamp,
) -> Result<Option<Enqueued>, DbErr> {
    end_quiet(txn, now).await?;
    let id = AttackId::new();
    if !open(txn, id, signal, seen, detail, now).await? {
        return Ok(None);
    }
    metrics::counter!("quittance_attacks_total", "signal" => signal.as_str()).increment(1);
    tracing::error!(signal = signal.as_str(), detail, "an attack, or a fault of ours");
    let until = if signal.can_be_faked() { Some(now + pauses.pause) } else { None };
    let still = match until {
        Some(_) if paused_lately(txn, pauses, now).await? => false,
        Some(_) | None => pause(txn, id, signal, detail, until, now).await?,
    };
    let alert = Alert {
        kind: "attack".to_owned(),
        subject: id.to_string(),
        detail: told(signal, detail, still, until),
    };
    let line = Line {
        actor: BREAKER.to_owned(),
        action: "attack.begin".to_owned(),
        subject: id.to_string(),
        before: None,
        after: Some(format!("{}: {detail}", signal.as_str())),
    };
    audit::write(txn, vec![line], now).await?;
    alert.enqueue(txn, now).await
}

/// Ends the episodes because of which `scope` stood still: a person has resumed it.
pub(crate) async fn seen_to(
    txn: &DatabaseTransaction,
    scope: &str,
    now: Timestamp,
) -> Result<(), DbErr> {
    for signal in Signal::ALL {
        if scope == "all" || signal.scopes().contains(&scope) {
            let body = "UPDATE attacks SET ended_at = ?1 WHERE ended_at IS NULL AND signal = ?2";
            let values = vec![now.micros().into(), signal.as_str().into()];
            txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
        }
    }
    Ok(())
}

/// The latest episodes, newest first.
pub async fn latest(store: &Store, limit: u64) -> Result<Vec<attack::Model>, Error> {
    let find = attack::Entity::find().order_by_desc(attack::Column::Id).limit(limit);
    Ok(find.all(store.db.reader()).await?)
}

fn told(signal: Signal, detail: &str, still: bool, until: Option<Timestamp>) -> String {
    let scopes = signal.scopes().join(" and ");
    let what = match (still, until) {
        (true, Some(until)) => format!("{scopes} wait until {until}, or until you resume them"),
        (true, None) => format!("{scopes} stand still until you resume them"),
        (false, _) => "nothing stands still: there was a pause for the like a short while ago, or \
                       there is one"
            .to_owned(),
    };
    format!("{}: {detail}. {what}. Webhooks are taken in as ever", signal.as_str())
}

/// Ends the episodes that have been quiet.
async fn end_quiet(txn: &DatabaseTransaction, now: Timestamp) -> Result<(), DbErr> {
    let body = "UPDATE attacks SET ended_at = ?1 WHERE ended_at IS NULL AND last_seen_at < ?2";
    let values = vec![now.micros().into(), (now - QUIET).micros().into()];
    txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    Ok(())
}

/// Begins an episode, or adds to the one that is open; says whether it began.
async fn open(
    txn: &DatabaseTransaction,
    id: AttackId,
    signal: Signal,
    seen: u64,
    detail: &str,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let body = "INSERT INTO attacks (id, signal, seen, detail, began_at, last_seen_at) VALUES (?1, \
                ?2, ?3, ?4, ?5, ?5) ON CONFLICT (signal) WHERE ended_at IS NULL DO UPDATE SET seen \
                = attacks.seen + excluded.seen, last_seen_at = excluded.last_seen_at RETURNING id";
    let values = vec![
        id.uuid().into(),
        signal.as_str().into(),
        i64::try_from(seen.max(1)).unwrap_or(i64::MAX).into(),
        detail.into(),
        now.micros().into(),
    ];
    let statement = sql::statement(txn.get_database_backend(), body, values);
    let row = txn.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("an episode".to_owned()))?;
    Ok(row.try_get::<uuid::Uuid>("", "id")? == id.uuid())
}

/// Whether refunds waited lately because of what strangers can fake: no stranger may keep them back
/// for ever.
async fn paused_lately(
    txn: &DatabaseTransaction,
    pauses: &Pauses,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let find = attack::Entity::find()
        .filter(attack::Column::PausedUntil.gt(now + pauses.pause - pauses.every))
        .limit(1);
    Ok(find.one(txn).await?.is_some())
}

/// Has what `signal` puts in doubt stand still; what stands still for longer stays as it is.
async fn pause(
    txn: &DatabaseTransaction,
    id: AttackId,
    signal: Signal,
    detail: &str,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let reason = format!("{}: {detail}", signal.as_str());
    let mut any = false;
    for scope in signal.scopes() {
        if stands(txn, scope, until, now).await? {
            continue;
        }
        let change = Change { scope, state: State::Paused, reason: &reason, by: BREAKER, until };
        controls::write(txn, change, now).await?;
        any = true;
    }
    if any && let Some(until) = until {
        let body = "UPDATE attacks SET paused_until = ?1 WHERE id = ?2";
        let values = vec![until.micros().into(), id.uuid().into()];
        txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    }
    Ok(any)
}

/// Whether `scope` stands still at least until `until` (`None`: until a person resumes it).
async fn stands(
    txn: &DatabaseTransaction,
    scope: &str,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    use entities::control::Entity;
    let Some(row) = Entity::find_by_id(scope).one(txn).await? else { return Ok(false) };
    let still = row.state == State::Paused && row.until.is_none_or(|end| end > now);
    Ok(still
        && match (row.until, until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(end), Some(until)) => end >= until,
        })
}
