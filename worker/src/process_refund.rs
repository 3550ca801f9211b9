use anyhow::anyhow;
use entities::{RefundId, job::Model};
use gateways::{GatewayError, RefundOrder, Refunds};
use jobs::{Alert, NewJob, ProcessRefund, queue};
use payments::{
    core::Policy,
    refunds::{self, Next, Order},
};

use crate::{Context, JobError, Ran, Run, job::refusal};

impl Run for ProcessRefund {
    #[tracing::instrument(name = "job.process_refund", skip_all, fields(refund.id = %self.refund_id))]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        match refunds::begin(&context.store, self.refund_id).await? {
            Next::Nothing(enqueued) => {
                context.dispatcher.announce(enqueued);
                Ok(Ran::Done)
            }
            Next::Send(order) if sends_no_refunds(context, &order) => {
                let (store, id) = (&context.store, order.refund_id);
                let enqueued = refunds::refused(store, id, "provider_sends_no_refunds").await?;
                context.dispatcher.announce(enqueued);
                Ok(Ran::Done)
            }
            Next::Send(order) => Sending::new(context, &order)?.send(&order).await,
            Next::LookThenSend(order) => {
                let sending = Sending::new(context, &order)?;
                if sending.look(&order).await? { Ok(Ran::Done) } else { sending.send(&order).await }
            }
            Next::Look(order) => {
                let sending = Sending::new(context, &order)?;
                if sending.look(&order).await? {
                    return Ok(Ran::Done);
                }
                sending.ask_a_person(&order).await
            }
        }
    }
}

/// Whether the provider's adapter cannot send money back: then a person has to, another way.
fn sends_no_refunds(context: &Context, order: &Order) -> bool {
    context.gateways.get(order.provider).is_some_and(|gateway| gateway.refunds().is_none())
}

/// What a refund is sent by.
struct Sending<'a> {
    context: &'a Context,
    refunds: &'a dyn Refunds,
    policy: &'a Policy,
}

impl<'a> Sending<'a> {
    fn new(context: &'a Context, order: &Order) -> Result<Self, JobError> {
        let provider = order.provider;
        let missing = |what: &str| JobError::Bury(anyhow!("{provider} {what}"));
        let gateway = context.gateways.get(provider).ok_or_else(|| missing("is not set up"))?;
        let refunds = gateway.refunds().ok_or_else(|| missing("sends no refunds"))?;
        let policy = context.policies.get(provider).ok_or_else(|| missing("has no policy"))?;
        Ok(Self { context, refunds, policy })
    }

    /// Sends it under its one key. A lost answer makes it unknown, never a second refund.
    async fn send(&self, order: &Order) -> Result<Ran, JobError> {
        let store = &self.context.store;
        let wish = RefundOrder {
            refund_id: order.refund_id,
            payment_reference: order.payment_reference.clone(),
            amount: order.amount.clone(),
            key: order.key.clone(),
        };
        match self.refunds.create_refund(&wish).await {
            Ok(fact) => {
                self.tell(vec![fact]).await?;
                Ok(Ran::Done)
            }
            Err(error) if error.outcome_unknown() => {
                let enqueued = refunds::unanswered(store, order.refund_id).await?;
                self.context.dispatcher.announce(enqueued);
                // It may well be there: then nobody has to wait for the next run.
                if self.look(order).await? { Ok(Ran::Done) } else { Err(retry(error)) }
            }
            Err(error) => match refusal(&error) {
                // An earlier try may have been done, and only its answer lost.
                Some(_) if self.look(order).await? => Ok(Ran::Done),
                Some(code) => {
                    let enqueued = refunds::refused(store, order.refund_id, &code).await?;
                    self.context.dispatcher.announce(enqueued);
                    Ok(Ran::Done)
                }
                None => Err(retry(error)),
            },
        }
    }

    /// Looks among the payment's refunds, and says whether ours is there.
    async fn look(&self, order: &Order) -> Result<bool, JobError> {
        let facts = self.refunds.list_refunds(&order.payment_reference).await.map_err(retry)?;
        let found = facts.iter().any(|fact| fact.claimed == Some(order.refund_id));
        self.tell(facts).await?;
        Ok(found)
    }

    async fn tell(&self, facts: Vec<entities::money_back::RefundFact>) -> Result<(), JobError> {
        let (_, enqueued) = refunds::tell(&self.context.store, self.policy, facts).await?;
        self.context.dispatcher.announce(enqueued);
        Ok(())
    }

    /// Its key may be forgotten, so nothing is sent again: it may be there all the same.
    async fn ask_a_person(&self, order: &Order) -> Result<Ran, JobError> {
        let (store, now) = (&self.context.store, self.context.store.clock.now());
        let alert = unknown(order.refund_id);
        let txn = store.db.begin().await?;
        let enqueued = queue::insert(&txn, vec![NewJob::of(&alert, now)], now).await?;
        txn.commit().await?;
        self.context.dispatcher.announce(enqueued);
        Err(JobError::Bury(anyhow!(
            "{} was sent, never answered, and is not there",
            order.refund_id
        )))
    }
}

fn unknown(id: RefundId) -> Alert {
    Alert {
        kind: "refund-unknown".to_owned(),
        subject: id.to_string(),
        detail:
            "a refund was sent, its answer was lost, and the provider does not list it after a \
                 day; it is not sent again. Look in the provider's dashboard, and ask its support"
                .to_owned(),
    }
}

fn retry(error: GatewayError) -> JobError {
    JobError::Retry(error.into())
}
