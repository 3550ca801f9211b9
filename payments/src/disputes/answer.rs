use entities::{
    AnswerId, DisputeFileId, DisputeId, Timestamp, dispute,
    dispute_answer::{self, Kind, State},
    dispute_file,
};
use jobs::{AcceptDispute, AnswerDispute, Enqueued, Job};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel,
    QueryFilter, sea_query::Expr,
};

use crate::{
    Error, Store,
    audit::{self, Line},
    core::disputes::{Unanswerable, may_answer},
    vault::Place,
};

/// Longest words, in characters. PayPal takes 2000, and the answer's name goes with them.
pub const MAX_WORDS: usize = 1_900;
/// Most files of an answer.
pub const MAX_FILES: usize = 5;
/// Most bytes of an answer's files together; Stripe takes 4.5 MB.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Longest name of a file.
const MAX_NAME: usize = 100;

/// What a file may be, as every provider takes it.
pub const MEDIA: [&str; 3] = ["application/pdf", "image/jpeg", "image/png"];

/// Which part of the evidence a file may be.
pub const FIELDS: [&str; 7] = [
    "cancellation_policy",
    "customer_communication",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
];

pub(super) const WORDS: &str = "dispute_answers.words";
pub(super) const CONTENT: &str = "dispute_files.content";

/// A file that goes with evidence.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Which part of the evidence it is.
    pub field: &'a str,
    /// Its media type.
    pub media: &'a str,
    /// What is in it.
    pub content: &'a [u8],
}

impl std::fmt::Debug for File<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("bytes", &self.content.len()).finish_non_exhaustive()
    }
}

/// What is to be answered.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// The payer is wrong: why, in 1 to [`MAX_WORDS`] characters, and with which files.
    Evidence(&'a str, &'a [File<'a>]),
    /// The payer is right.
    Accept,
}

/// Asks for `wish` to be said about dispute `id`, which `user_ref` of the seller's looked at in
/// `version`; `None` if there is no such dispute.
///
/// Of two who answer at once one is heard: whoever answers changes the version.
pub async fn ask(
    store: &Store,
    user_ref: &str,
    (id, version): (DisputeId, i64),
    wish: Wish<'_>,
) -> Result<Option<Vec<Enqueued>>, Error> {
    check(wish)?;
    let now = store.clock.now();
    let txn = store.db.begin().await?;
    let Some(dispute) = dispute::Entity::find_by_id(id).one(&txn).await? else {
        txn.rollback().await?;
        return Ok(None);
    };
    let answers = dispute_answer::Entity::find()
        .filter(dispute_answer::Column::DisputeId.eq(id))
        .all(&txn)
        .await?;
    let kind = match wish {
        Wish::Evidence(..) => Kind::Evidence,
        Wish::Accept => Kind::Accept,
    };
    may_answer(&dispute, &answers, kind, version, now)?;
    if !claim(&txn, &dispute, now).await? {
        return Err(Unanswerable::Stale.into());
    }
    let answer_id = AnswerId::new();
    write(store, &txn, (answer_id, id), wish, user_ref, now).await?;
    let line = Line {
        actor: format!("user:{user_ref}"),
        action: format!("dispute.{}.asked", kind.as_str()),
        subject: dispute.payment_id.to_string(),
        before: None,
        after: Some(format!("{id} {answer_id}")),
    };
    audit::write(&txn, vec![line], now).await?;
    let enqueued = match kind {
        Kind::Evidence => AnswerDispute { answer_id }.enqueue(&txn, now).await?,
        Kind::Accept => AcceptDispute { answer_id }.enqueue(&txn, now).await?,
    };
    txn.commit().await?;
    Ok(Some(enqueued.into_iter().collect()))
}

/// Raises the version of `dispute`, unless somebody else did.
async fn claim(
    txn: &DatabaseTransaction,
    dispute: &dispute::Model,
    now: Timestamp,
) -> Result<bool, Error> {
    use dispute::Column;
    let written = dispute::Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(dispute.id).and(Column::Version.eq(dispute.version)))
        .exec(txn)
        .await?;
    Ok(written.rows_affected == 1)
}

async fn write(
    store: &Store,
    txn: &DatabaseTransaction,
    (id, dispute_id): (AnswerId, DisputeId),
    wish: Wish<'_>,
    user_ref: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let (kind, words, files) = match wish {
        Wish::Evidence(text, files) => (Kind::Evidence, Some(text.trim()), files),
        Wish::Accept => (Kind::Accept, None, &[][..]),
    };
    let seal = |text: &str| store.vault.seal(Place::new(WORDS, id.uuid()), text.as_bytes());
    let row = dispute_answer::Model {
        id,
        dispute_id,
        kind,
        state: State::Asked,
        words: words.map(seal).transpose()?,
        idempotency_key: format!("answer-{id}"),
        asked_by: user_ref.to_owned(),
        failure: None,
        version: 0,
        created_at: now,
        updated_at: now,
        first_sent_at: None,
        sent_at: None,
    };
    row.into_active_model().reset_all().insert(txn).await?;
    for (place, file) in (0_i64..).zip(files) {
        let file_id = DisputeFileId::new();
        let row = dispute_file::Model {
            id: file_id,
            answer_id: id,
            place,
            name: file.name.to_owned(),
            field: file.field.to_owned(),
            media: file.media.to_owned(),
            content: store.vault.seal(Place::new(CONTENT, file_id.uuid()), file.content)?,
        };
        row.into_active_model().reset_all().insert(txn).await?;
    }
    Ok(())
}

fn check(wish: Wish<'_>) -> Result<(), Error> {
    let Wish::Evidence(text, files) = wish else { return Ok(()) };
    if !(1..=MAX_WORDS).contains(&text.trim().chars().count()) {
        return Err(Error::Invalid("say what speaks for you, in 1 to 1900 characters"));
    }
    if files.len() > MAX_FILES
        || files.iter().map(|file| file.content.len()).sum::<usize>() > MAX_BYTES
    {
        return Err(Error::Invalid("at most 5 files, and 4 MiB together"));
    }
    for (index, file) in files.iter().enumerate() {
        if !is_name(file.name) || file.content.is_empty() {
            let what = "a file has a name of letters, digits, dots, - and _, and is not empty";
            return Err(Error::Invalid(what));
        }
        if !MEDIA.contains(&file.media) || !is_of(file.media, file.content) {
            return Err(Error::Invalid("files are PDF, JPEG or PNG, and say so truly"));
        }
        let again = files.iter().take(index).any(|other| other.field == file.field);
        if again || !FIELDS.contains(&file.field) {
            return Err(Error::Invalid(
                "each file is another part of the evidence, such as receipt",
            ));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(legal) && !name.starts_with('.')
}

/// Whether `content` begins as a file of this kind does.
fn is_of(media: &str, content: &[u8]) -> bool {
    let begins: &[u8] = match media {
        "application/pdf" => b"%PDF-",
        "image/png" => b"\x89PNG\r\n\x1a\n",
        _ => b"\xff\xd8\xff",
    };
    content.starts_with(begins)
}
