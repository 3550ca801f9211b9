//! A payment's whole story: everything that any of our tables knows of it, by time.

use std::collections::HashMap;

use boot::sql;
use entities::{
    EventId, PaymentId, Timestamp, TransferId, audit_log, dispute, dispute_answer, job,
    ledger_entry, ledger_transfer, mail, payment, provider_event, refund, refund_request, review,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::{Error, Store, ledger};

/// Most rows of each kind: a payment with more has something wrong with it that the first show.
const MOST: u64 = 200;

/// Something that happened to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The payer began it.
    Begun,
    /// The provider told us something.
    Event(Box<provider_event::Model>),
    /// A job did something about it, or is to.
    Job(Box<job::Model>),
    /// Credits moved: how many became available, and how many were set aside.
    Ledger {
        /// Why.
        kind: ledger_transfer::Kind,
        /// The business fact.
        source_ref: String,
        /// Credits that became available; negative if they went.
        available: i64,
        /// Credits that were set aside; negative if they are free again.
        held: i64,
    },
    /// A mail was handed to the mail server.
    Mail(Box<mail::Model>),
    /// The customer asked for a refund.
    Asked(Box<refund_request::Model>),
    /// A refund was made, here or at the provider.
    Refund(Box<refund::Model>),
    /// The payer went to the bank.
    Dispute(Box<dispute::Model>),
    /// Something contradicted our rows, or was suspicious.
    Review(Box<review::Model>),
    /// Somebody or something changed it.
    Audit(Box<audit_log::Model>),
}

/// What belongs to a payment, by whose ids the rest is found.
struct Parts {
    payment: payment::Model,
    requests: Vec<refund_request::Model>,
    refunds: Vec<refund::Model>,
    disputes: Vec<dispute::Model>,
    answers: Vec<dispute_answer::Model>,
    events: Vec<provider_event::Model>,
}

/// The story of payment `id`, oldest first; `None` if there is no such payment.
pub async fn story(store: &Store, id: PaymentId) -> Result<Option<Vec<Moment>>, Error> {
    let Some(parts) = Parts::load(store, id).await? else { return Ok(None) };
    let mut told = vec![Moment { at: parts.payment.created_at, what: What::Begun }];
    told.extend(jobs(store, &parts).await?);
    told.extend(moves(store, &parts).await?);
    told.extend(mails(store, &parts).await?);
    told.extend(reviews(store, id).await?);
    told.extend(audit(store, id).await?);
    let Parts { requests, refunds, disputes, events, .. } = parts;
    let moment = |at, what| Moment { at, what };
    told.extend(requests.into_iter().map(|row| moment(row.created_at, What::Asked(row.into()))));
    told.extend(refunds.into_iter().map(|row| moment(row.created_at, What::Refund(row.into()))));
    told.extend(disputes.into_iter().map(|row| moment(row.created_at, What::Dispute(row.into()))));
    told.extend(events.into_iter().map(|row| moment(row.received_at, What::Event(row.into()))));
    // Stable: what happened in the same moment keeps its order.
    told.sort_by_key(|moment| moment.at);
    Ok(Some(told))
}

impl Parts {
    async fn load(store: &Store, id: PaymentId) -> Result<Option<Self>, Error> {
        let reader = store.db.reader();
        let Some(payment) = payment::Entity::find_by_id(id).one(reader).await? else {
            return Ok(None);
        };
        let requests = refund_request::Entity::find()
            .filter(refund_request::Column::PaymentId.eq(id))
            .limit(MOST);
        let refunds = refund::Entity::find().filter(refund::Column::PaymentId.eq(id)).limit(MOST);
        let disputes =
            dispute::Entity::find().filter(dispute::Column::PaymentId.eq(id)).limit(MOST);
        let disputes = disputes.all(reader).await?;
        let ids = disputes.iter().map(|row| row.id);
        let answers = dispute_answer::Entity::find()
            .filter(dispute_answer::Column::DisputeId.is_in(ids))
            .limit(MOST);
        Ok(Some(Self {
            payment,
            requests: requests.all(reader).await?,
            refunds: refunds.all(reader).await?,
            answers: answers.all(reader).await?,
            disputes,
            events: events(store, id).await?,
        }))
    }

    /// Every id under which something about the payment may be noted.
    fn ids(&self) -> Vec<String> {
        let mut ids = vec![self.payment.id.to_string()];
        ids.extend(self.requests.iter().map(|row| row.id.to_string()));
        ids.extend(self.refunds.iter().map(|row| row.id.to_string()));
        ids.extend(self.disputes.iter().map(|row| row.id.to_string()));
        ids.extend(self.answers.iter().map(|row| row.id.to_string()));
        ids
    }
}

/// The events that were applied to payment `id`, or contradicted it.
async fn events(store: &Store, id: PaymentId) -> Result<Vec<provider_event::Model>, Error> {
    let body = "SELECT id FROM provider_events WHERE payment_id = ?1 ORDER BY id LIMIT 200";
    let statement = sql::statement(store.db.backend(), body, vec![id.uuid().into()]);
    let rows = store.db.reader().query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| Ok(EventId::from_uuid(row.try_get("", "id")?)));
    let ids = ids.collect::<Result<Vec<_>, sea_orm::DbErr>>()?;
    let find = provider_event::Entity::find().filter(provider_event::Column::Id.is_in(ids));
    Ok(find.all(store.db.reader()).await?)
}

/// Jobs whose key is an id of the payment's, or begins with one, or ends with one.
async fn jobs(store: &Store, parts: &Parts) -> Result<Vec<Moment>, Error> {
    use job::Column;
    let mut keys = parts.ids();
    let words = ["requested", "approved", "denied", "appealed", "rejected", "paid", "failed"];
    let mailed = |id: &String| words.map(|word| format!("{word}:{id}"));
    let mails: Vec<String> = keys.iter().flat_map(mailed).collect();
    keys.extend(mails);
    keys.extend(parts.events.iter().map(|event| event.id.to_string()));
    // Names first, for the index on name and key.
    let exact = Column::Name.is_in([
        "apply-event",
        "look-up-event",
        "sync-refunds",
        "send-receipt",
        "process-refund",
        "answer-dispute",
        "accept-dispute",
        "send-refund-mail",
    ]);
    let begun = Column::Name.is_in(["follow-payment", "send-failure", "resend-receipt"]);
    let prefix = format!("{}:", parts.payment.id);
    let ours =
        exact.and(Column::DedupKey.is_in(keys)).or(begun.and(Column::DedupKey.starts_with(prefix)));
    let find = job::Entity::find().filter(ours).order_by_asc(Column::Id).limit(MOST);
    let found = find.all(store.db.reader()).await?;
    let moment = |row: job::Model| Moment {
        at: row.finished_at.unwrap_or(row.created_at),
        what: What::Job(row.into()),
    };
    Ok(found.into_iter().map(moment).collect())
}

/// Transfers for the payment and for what became of it.
async fn moves(store: &Store, parts: &Parts) -> Result<Vec<Moment>, Error> {
    use ledger_transfer::Column;
    let customer = parts.payment.customer_id;
    let about = parts.ids().into_iter().map(|id| Column::SourceRef.starts_with(id));
    let Some(about) = about.reduce(ExprTrait::or) else { return Ok(Vec::new()) };
    let transfers = ledger_transfer::Entity::find()
        .filter(Column::CustomerId.eq(customer).and(about))
        .order_by_asc(Column::Id)
        .limit(MOST)
        .all(store.db.reader())
        .await?;
    let ids = transfers.iter().map(|transfer| transfer.id);
    let legs = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::TransferId.is_in(ids))
        .all(store.db.reader())
        .await?;
    let mut moved: HashMap<TransferId, (i64, i64)> = HashMap::new();
    for leg in legs {
        let (available, held) = moved.entry(leg.transfer_id).or_default();
        match leg.account {
            account if account == ledger::available(customer) => *available += leg.amount,
            account if account == ledger::held(customer) => *held += leg.amount,
            _ => {}
        }
    }
    let moment = |row: ledger_transfer::Model| {
        let (available, held) = moved.get(&row.id).copied().unwrap_or_default();
        let what = What::Ledger { kind: row.kind, source_ref: row.source_ref, available, held };
        Moment { at: row.created_at, what }
    };
    Ok(transfers.into_iter().map(moment).collect())
}

/// Mails about the payment and about what became of it.
async fn mails(store: &Store, parts: &Parts) -> Result<Vec<Moment>, Error> {
    use mail::Column;
    let id = parts.payment.id;
    let words = ["requested", "approved", "denied", "appealed", "rejected", "paid", "failed"];
    let about = |id: &String| words.map(|word| format!("refund:{word}:{id}"));
    let mut exact: Vec<String> = parts.ids().iter().flat_map(about).collect();
    exact.push(crate::mails::receipt_occasion(id));
    let ours = Column::Occasion
        .is_in(exact)
        .or(Column::Occasion.starts_with(format!("receipt:{id}:")))
        .or(Column::Occasion.starts_with(format!("failure:{id}:")));
    let find = mail::Entity::find().filter(ours).order_by_asc(Column::Id).limit(MOST);
    let found = find.all(store.db.reader()).await?;
    let moment = |row: mail::Model| Moment {
        at: row.sent_at.unwrap_or(row.created_at),
        what: What::Mail(row.into()),
    };
    Ok(found.into_iter().map(moment).collect())
}

async fn reviews(store: &Store, id: PaymentId) -> Result<Vec<Moment>, Error> {
    let find = review::Entity::find().filter(review::Column::PaymentId.eq(id)).limit(MOST);
    let found = find.all(store.db.reader()).await?;
    let moment = |row: review::Model| Moment { at: row.created_at, what: What::Review(row.into()) };
    Ok(found.into_iter().map(moment).collect())
}

async fn audit(store: &Store, id: PaymentId) -> Result<Vec<Moment>, Error> {
    let find = audit_log::Entity::find()
        .filter(audit_log::Column::Subject.eq(id.to_string()))
        .order_by_asc(audit_log::Column::At)
        .limit(MOST);
    let found = find.all(store.db.reader()).await?;
    let moment = |row: audit_log::Model| Moment { at: row.at, what: What::Audit(row.into()) };
    Ok(found.into_iter().map(moment).collect())
}
