//! Asking a provider about one of our own rows, in case no event ever tells; each gap is written in
//! the transaction that heals it, or before what heals it.

use entities::{
    Timestamp, dispute,
    payment::{self, Status},
    reconciliation_gap::Kind,
    refund,
};
use payments::{
    apply,
    money_back::{self, News},
    reconciliations::{self, Gap},
};
use sea_orm::EntityTrait;

use super::Looking;
use crate::{
    JobError,
    follow::{self, Collect, Next, policy},
};

impl Looking<'_> {
    /// Brings a payment to what the provider says of it; says whether that was news: 0 or 1.
    pub(super) async fn ask(&self, payment: &payment::Model) -> Result<usize, JobError> {
        let Some(reference) = &payment.provider_reference else { return Ok(0) };
        let (context, store) = (self.context, &self.context.store);
        let told = self.gateway.retrieve_payment(reference).await?;
        let next = follow::next(context, self.gateway, told, Collect::Agreed, None).await?;
        let (item, noted) = match next {
            Next::Apply(item) => (item, false),
            Next::Collect(due) => {
                // Before the money moves: should we die then, its webhook may heal the payment, and
                // nobody would know that it had been missing.
                self.note(agreed_gap(payment, due.occurred_at())).await?;
                (follow::collect(self.gateway, due).await?, true)
            }
        };
        let (policy, now) = (policy(context, self.gateway)?, store.clock.now());
        let txn = store.db.begin().await?;
        let occurred_at = item.fact.occurred_at;
        let applied = apply::apply(&txn, &store.vault, policy, &[item], now).await?;
        let after = payment::Entity::find_by_id(payment.id).one(&txn).await?;
        let moved = after.filter(|after| after.status != payment.status);
        let gap = moved.map(|after| payment_gap(payment, after.status.as_str(), occurred_at));
        let healed = usize::from(noted || gap.is_some());
        reconciliations::record_gaps(&txn, self.run.id, gap.into_iter().collect(), now).await?;
        txn.commit().await?;
        context.dispatcher.announce(applied.enqueued);
        Ok(healed)
    }

    /// Writes `gap` down at once.
    async fn note(&self, gap: Gap) -> Result<(), JobError> {
        let store = &self.context.store;
        let txn = store.db.begin().await?;
        reconciliations::record_gaps(&txn, self.run.id, vec![gap], store.clock.now()).await?;
        Ok(txn.commit().await?)
    }

    /// Brings a payment's refunds to what the provider says of them; says how many were news.
    pub(super) async fn ask_refunds(&self, payment: &payment::Model) -> Result<usize, JobError> {
        let (Some(refunds), Some(reference)) =
            (self.gateway.refunds(), &payment.provider_reference)
        else {
            return Ok(0);
        };
        let (store, now) = (&self.context.store, self.context.store.clock.now());
        let facts = refunds.list_refunds(reference).await?;
        let item = |fact| money_back::Item { news: News::Refund(Box::new(fact)), event_id: None };
        let items: Vec<money_back::Item> = facts.into_iter().map(item).collect();
        let policy = policy(self.context, self.gateway)?;
        let txn = store.db.begin().await?;
        let before = reconciliations::refunds_of(&txn, payment.id).await?;
        let applied = money_back::apply(&txn, policy, &items, now).await?;
        let after = reconciliations::refunds_of(&txn, payment.id).await?;
        let gaps: Vec<Gap> = after.iter().filter_map(|after| refund_gap(&before, after)).collect();
        let healed = gaps.len();
        reconciliations::record_gaps(&txn, self.run.id, gaps, now).await?;
        txn.commit().await?;
        self.context.dispatcher.announce(applied.enqueued);
        Ok(healed)
    }

    /// Brings a dispute to what the provider says of it; says whether that was news: 0 or 1.
    pub(super) async fn ask_dispute(&self, row: &dispute::Model) -> Result<usize, JobError> {
        let Some(disputes) = self.gateway.disputes() else { return Ok(0) };
        let (store, now) = (&self.context.store, self.context.store.clock.now());
        let fact = disputes.retrieve_dispute(&row.provider_reference).await?;
        let item = money_back::Item { news: News::Dispute(Box::new(fact)), event_id: None };
        let policy = policy(self.context, self.gateway)?;
        let txn = store.db.begin().await?;
        let before = dispute::Entity::find_by_id(row.id).one(&txn).await?;
        let applied = money_back::apply(&txn, policy, &[item], now).await?;
        let after = dispute::Entity::find_by_id(row.id).one(&txn).await?;
        let gap = before.zip(after).and_then(|(before, after)| dispute_gap(&before, &after));
        let healed = usize::from(gap.is_some());
        reconciliations::record_gaps(&txn, self.run.id, gap.into_iter().collect(), now).await?;
        txn.commit().await?;
        self.context.dispatcher.announce(applied.enqueued);
        Ok(healed)
    }
}

/// Its payer had agreed, and nobody had collected it.
fn agreed_gap(payment: &payment::Model, occurred_at: Timestamp) -> Gap {
    payment_gap(payment, "agreed, not collected", occurred_at)
}

fn payment_gap(payment: &payment::Model, now: &str, occurred_at: Timestamp) -> Gap {
    let was: Status = payment.status;
    Gap {
        kind: Kind::Payment,
        reference: payment.id.to_string(),
        event_id: None,
        payment_id: Some(payment.id),
        what: format!("{} -> {now}", was.as_str()),
        occurred_at,
    }
}

/// What is new about a refund: that it is there at all, or how far it has come.
fn refund_gap(before: &[refund::Model], after: &refund::Model) -> Option<Gap> {
    let known = before.iter().find(|row| row.id == after.id);
    let was = known.map_or("unheard of", |row| row.state.as_str());
    (was != after.state.as_str()).then(|| Gap {
        kind: Kind::Refund,
        reference: after.id.to_string(),
        event_id: None,
        payment_id: Some(after.payment_id),
        what: format!("{was} -> {}", after.state.as_str()),
        occurred_at: after.succeeded_at.unwrap_or(after.updated_at),
    })
}

/// What is new about a dispute: where it stands, or what the bank did with the money.
fn dispute_gap(before: &dispute::Model, after: &dispute::Model) -> Option<Gap> {
    let what = if before.state != after.state {
        format!("{} -> {}", before.state.as_str(), after.state.as_str())
    } else if before.funds != after.funds {
        format!("money {} -> {}", before.funds.as_str(), after.funds.as_str())
    } else {
        return None;
    };
    Some(Gap {
        kind: Kind::Dispute,
        reference: after.id.to_string(),
        event_id: None,
        payment_id: Some(after.payment_id),
        what,
        occurred_at: after.closed_at.unwrap_or(after.updated_at),
    })
}
