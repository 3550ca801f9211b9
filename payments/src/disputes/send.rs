use entities::{
    AnswerId, Provider, Timestamp, dispute,
    dispute_answer::{Column, Entity, Kind, Model, State},
    dispute_file,
    money_back::DisputeFact,
};
use jobs::{AcceptDispute, Alert, Enqueued, Job, NewJob, queue};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel,
    QueryFilter, QueryOrder,
};

use super::answer::{CONTENT, WORDS};
use crate::{
    Error, Store,
    audit::{self, Line},
    core::{Policy, disputes::waits},
    money_back::{self, Item, News},
    vault::Place,
};

/// An answer to be sent, or looked for.
#[derive(Clone)]
pub struct Answer {
    /// The answer; what the provider keeps of it will name it.
    pub id: AnswerId,
    /// Who decides.
    pub provider: Provider,
    /// The provider's id of the dispute.
    pub reference: String,
    /// What is answered.
    pub kind: Kind,
    /// What is said; empty where nothing is.
    pub words: String,
    /// Its files: the rows, and what is in them.
    pub files: Vec<(dispute_file::Model, Vec<u8>)>,
    /// The key under which it is sent, every time.
    pub key: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What is to be done next about an answer.
#[derive(Clone, Debug)]
pub enum Next {
    /// Send it; nobody has.
    Send(Answer),
    /// It may have been sent: look first, and send it again under its key if it is not there.
    LookThenSend(Answer),
    /// Nothing: it is known.
    Nothing(Vec<Enqueued>),
}

/// Notes that answer `id` is about to be sent, unless it was, or there is nothing to answer any more.
///
/// Committed before the first byte goes out, so that a crash leaves an answer to be looked for.
pub async fn begin(store: &Store, id: AnswerId) -> Result<Next, Error> {
    let now = store.clock.now();
    let found = Entity::find_by_id(id).one(store.db.reader()).await?;
    let Some(row) = found.filter(|row| row.state.is_open()) else {
        return Ok(Next::Nothing(Vec::new()));
    };
    let dispute = dispute::Entity::find_by_id(row.dispute_id).one(store.db.reader()).await?;
    let dispute = dispute.ok_or_else(vanished)?;
    if row.state != State::Asked {
        return Ok(Next::LookThenSend(open(store, &row, &dispute).await?));
    }
    if !waits(dispute.state) {
        return Ok(Next::Nothing(refused(store, id, "dispute_not_waiting").await?));
    }
    let answer = open(store, &row, &dispute).await?;
    let sending = Model { state: State::Submitting, first_sent_at: Some(now), ..row.clone() };
    let txn = store.db.begin().await?;
    change(&txn, &row, sending, &dispute, "system", now).await?;
    txn.commit().await?;
    Ok(Next::Send(answer))
}

/// Has [`AcceptDispute`] send answer `id` if it accepts a dispute, so that a pause of refunds holds it
/// back; `None` if it does not. Safe to repeat: an answer has one such job, ever.
pub async fn hand_over(store: &Store, id: AnswerId) -> Result<Option<Vec<Enqueued>>, Error> {
    let found = Entity::find_by_id(id).one(store.db.reader()).await?;
    if found.is_none_or(|row| row.kind != Kind::Accept) {
        return Ok(None);
    }
    let txn = store.db.begin().await?;
    let enqueued = AcceptDispute { answer_id: id }.enqueue(&txn, store.clock.now()).await?;
    txn.commit().await?;
    Ok(Some(enqueued.into_iter().collect()))
}

/// Notes that answer `id` was sent, and that no word of the provider's could be read.
pub async fn unanswered(store: &Store, id: AnswerId) -> Result<(), Error> {
    let (row, dispute) = both(store, id).await?;
    if row.state == State::Submitting {
        let txn = store.db.begin().await?;
        let unknown = Model { state: State::Unknown, ..row.clone() };
        change(&txn, &row, unknown, &dispute, "system", store.clock.now()).await?;
        txn.commit().await?;
    }
    Ok(())
}

/// Notes that the provider refused answer `id` for good, and has no such answer: a person hears of it,
/// since the time for evidence runs on.
pub async fn refused(store: &Store, id: AnswerId, code: &str) -> Result<Vec<Enqueued>, Error> {
    let (row, dispute) = both(store, id).await?;
    if !row.state.is_open() {
        return Ok(Vec::new());
    }
    let now = store.clock.now();
    let due = dispute.evidence_due.map_or_else(String::new, |due| format!(", due by {due}"));
    let alert = Alert {
        kind: "dispute-answer-failed".to_owned(),
        subject: id.to_string(),
        detail: format!(
            "{} did not take the answer ({}) to the dispute {}{due}: {code}",
            dispute.provider,
            row.kind.as_str(),
            dispute.id
        ),
    };
    let txn = store.db.begin().await?;
    let failed = Model { state: State::Failed, failure: Some(code.to_owned()), ..row.clone() };
    change(&txn, &row, failed, &dispute, "system", now).await?;
    let enqueued = queue::insert(&txn, vec![NewJob::of(&alert, now)], now).await?;
    txn.commit().await?;
    Ok(enqueued)
}

/// Notes that the provider has answer `id`, and brings the dispute to what it says of it now.
pub async fn answered(
    store: &Store,
    policy: &Policy,
    id: AnswerId,
    fact: DisputeFact,
) -> Result<Vec<Enqueued>, Error> {
    let (row, dispute) = both(store, id).await?;
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let items = [Item { news: News::Dispute(Box::new(fact)), event_id: None }];
    let applied = money_back::apply(&txn, policy, &items, now).await?;
    if row.state.is_open() {
        let sent = Model { state: State::Sent, sent_at: Some(now), ..row.clone() };
        let actor = format!("provider:{}", dispute.provider);
        change(&txn, &row, sent, &dispute, &actor, now).await?;
    }
    txn.commit().await?;
    Ok(applied.enqueued)
}

/// Writes `row`, if it is still as `old` was, and says so in the audit log.
async fn change(
    txn: &DatabaseTransaction,
    old: &Model,
    row: Model,
    dispute: &dispute::Model,
    actor: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let row = Model { version: old.version + 1, updated_at: now, ..row };
    let line = Line {
        actor: actor.to_owned(),
        action: format!("dispute.{}.{}", row.kind.as_str(), row.state.as_str()),
        subject: dispute.payment_id.to_string(),
        before: Some(old.state.as_str().to_owned()),
        after: Some(format!("{} {}", dispute.id, row.id)),
    };
    let written = Entity::update_many()
        .set(row.into_active_model().reset_all())
        .filter(Column::Id.eq(old.id).and(Column::Version.eq(old.version)))
        .exec(txn)
        .await?;
    if written.rows_affected != 1 {
        return Err(Error::Stale(dispute.payment_id));
    }
    audit::write(txn, vec![line], now).await?;
    Ok(())
}

/// Opens what is sealed of `row`.
async fn open(store: &Store, row: &Model, dispute: &dispute::Model) -> Result<Answer, Error> {
    let place = Place::new(WORDS, row.id.uuid());
    let words = row.words.as_deref().map(|words| store.vault.unseal_text(place, words));
    let files = dispute_file::Entity::find()
        .filter(dispute_file::Column::AnswerId.eq(row.id))
        .order_by_asc(dispute_file::Column::Place);
    let files = files.all(store.db.reader()).await?.into_iter().map(|file| {
        let content = store.vault.unseal(Place::new(CONTENT, file.id.uuid()), &file.content)?;
        Ok((dispute_file::Model { content: Vec::new(), ..file }, content))
    });
    Ok(Answer {
        id: row.id,
        provider: dispute.provider,
        reference: dispute.provider_reference.clone(),
        kind: row.kind,
        words: words.transpose()?.unwrap_or_default(),
        files: files.collect::<Result<_, Error>>()?,
        key: row.idempotency_key.clone(),
    })
}

async fn both(store: &Store, id: AnswerId) -> Result<(Model, dispute::Model), Error> {
    let row = Entity::find_by_id(id).one(store.db.reader()).await?.ok_or_else(vanished)?;
    let dispute = dispute::Entity::find_by_id(row.dispute_id).one(store.db.reader()).await?;
    Ok((row, dispute.ok_or_else(vanished)?))
}

fn vanished() -> Error {
    Error::Inconsistent("an answer to a dispute vanished".to_owned())
}
