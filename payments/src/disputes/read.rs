use entities::{
    DisputeId,
    dispute::{Column, Entity, Model, State},
    dispute_answer, dispute_file,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::answer::WORDS;
use crate::{Error, Store, page::cut, vault::Place};

/// Most disputes on a page.
const MOST: u64 = 100;

/// A page of disputes, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disputes {
    /// The disputes, each with its answers, oldest first.
    pub disputes: Vec<(Model, Vec<dispute_answer::Model>)>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<DisputeId>,
}

/// Disputes in one of `states`, or all: one page, after `after`.
pub async fn page(
    store: &Store,
    states: &[State],
    after: Option<DisputeId>,
    limit: u64,
) -> Result<Disputes, Error> {
    let limit = limit.clamp(1, MOST);
    let mut select = Entity::find().order_by_desc(Column::Id).limit(limit + 1);
    if !states.is_empty() {
        select = select.filter(Column::State.is_in(states.iter().copied()));
    }
    if let Some(after) = after {
        select = select.filter(Column::Id.lt(after));
    }
    let disputes = select.all(store.db.reader()).await?;
    let (disputes, next) = cut(disputes, limit, |row| row.id);
    Ok(Disputes { disputes: beside(store, disputes).await?, next })
}

/// Dispute `id` with its answers; `None` if there is none.
pub async fn find(
    store: &Store,
    id: DisputeId,
) -> Result<Option<(Model, Vec<dispute_answer::Model>)>, Error> {
    let found = Entity::find_by_id(id).all(store.db.reader()).await?;
    Ok(beside(store, found).await?.pop())
}

/// `disputes`, each with its answers.
async fn beside(
    store: &Store,
    disputes: Vec<Model>,
) -> Result<Vec<(Model, Vec<dispute_answer::Model>)>, Error> {
    let ids = disputes.iter().map(|row| row.id);
    let answers = dispute_answer::Entity::find()
        .filter(dispute_answer::Column::DisputeId.is_in(ids))
        .order_by_asc(dispute_answer::Column::Id);
    let answers = answers.all(store.db.reader()).await?;
    let of = |dispute: Model| {
        let own = answers.iter().filter(|answer| answer.dispute_id == dispute.id);
        let own = own.cloned().collect();
        (dispute, own)
    };
    Ok(disputes.into_iter().map(of).collect())
}

/// What an answer says, as the desk shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// What was said; `None` if nothing was, or it was erased.
    pub words: Option<String>,
    /// What its files are called, in their order.
    pub files: Vec<String>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

/// What `answer` says.
pub async fn said(store: &Store, answer: &dispute_answer::Model) -> Result<Said, Error> {
    let place = Place::new(WORDS, answer.id.uuid());
    let words = answer.words.as_deref().map(|words| store.vault.unseal_text(place, words));
    let files = dispute_file::Entity::find()
        .select_only()
        .column(dispute_file::Column::Name)
        .filter(dispute_file::Column::AnswerId.eq(answer.id))
        .order_by_asc(dispute_file::Column::Place)
        .into_tuple();
    let files: Vec<String> = files.all(store.db.reader()).await?;
    Ok(Said { words: words.transpose()?, files })
}
