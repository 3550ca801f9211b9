//! What a provider says of a payment now, and collecting what its payer has agreed to.

use entities::{EventId, Timestamp, payment::Status};
use gateways::{Gateway, GatewayError, ProviderPayment};
use payments::{
    apply::{self, Applied, Item, Outcome},
    checkout,
    core::Policy,
};

use crate::{Context, JobError};

/// When a payment that waits for us to collect it is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collect {
    /// If the payer has agreed to be charged.
    Agreed,
    /// If we had begun to: the payer asked us to confirm it.
    Begun,
}

/// What is to be done with what a provider says.
pub(crate) enum Next {
    /// To apply it.
    Apply(Item),
    /// To collect it, and to apply what comes of that.
    Collect(Due),
}

/// A payment that is to be collected.
pub(crate) struct Due {
    item: Item,
    key: String,
}

impl Due {
    /// When its payer agreed, or what was said of it was so.
    pub(crate) fn occurred_at(&self) -> Timestamp {
        self.item.fact.occurred_at
    }
}

/// Says what is to be applied of `told`, after collecting what is to be collected.
pub(crate) async fn follow(
    context: &Context,
    gateway: &dyn Gateway,
    told: ProviderPayment,
    when: Collect,
    event_id: Option<EventId>,
) -> Result<Item, JobError> {
    match next(context, gateway, told, when, event_id).await? {
        Next::Apply(item) => Ok(item),
        Next::Collect(due) => collect(gateway, due).await,
    }
}

/// Says what is to be done with `told`.
///
/// An order that contradicts our row is never collected: what it says is compared first.
pub(crate) async fn next(
    context: &Context,
    gateway: &dyn Gateway,
    told: ProviderPayment,
    when: Collect,
    event_id: Option<EventId>,
) -> Result<Next, JobError> {
    let agreed_at = told.agreed_at();
    let item = Item { fact: told.fact, event_id };
    if !told.needs_confirmation || (when == Collect::Agreed && !told.payer_agreed) {
        return Ok(Next::Apply(item));
    }
    let applied = apply_now(context, gateway, std::slice::from_ref(&item)).await?;
    let Some(Outcome::Applied(id)) = applied.outcomes.first() else {
        return Ok(Next::Apply(item));
    };
    let payment = checkout::find(&context.store, *id).await?;
    let open = |status: Status| status.rank() < Status::Canceled.rank();
    let Some(payment) = payment.filter(|payment| open(payment.status)) else {
        return Ok(Next::Apply(item));
    };
    if agreed_at.is_some_and(|at| checkout::is_declined_since(&payment, at)) {
        return Ok(Next::Apply(item));
    }
    let key = checkout::confirm_key(&payment, agreed_at);
    Ok(Next::Collect(Due { item, key }))
}

/// Collects `due`; says what is to be applied then.
pub(crate) async fn collect(gateway: &dyn Gateway, due: Due) -> Result<Item, JobError> {
    let Due { item: Item { fact, event_id }, key } = due;
    match gateway.confirm_payment(&fact.reference, &key).await {
        Ok(told) => Ok(Item { fact: told.fact, event_id }),
        Err(GatewayError::Api { status: 402, payment: Some(fact), .. }) => {
            Ok(Item { fact: *fact, event_id })
        }
        Err(error) => Err(error.into()),
    }
}

/// Applies `items` in a transaction of their own.
pub(crate) async fn apply_now(
    context: &Context,
    gateway: &dyn Gateway,
    items: &[Item],
) -> Result<Applied, JobError> {
    let policy = policy(context, gateway)?;
    let txn = context.store.db.begin().await?;
    let (vault, now) = (&context.store.vault, context.store.clock.now());
    let applied = apply::apply(&txn, vault, policy, items, now).await?;
    txn.commit().await?;
    context.dispatcher.announce(applied.enqueued.clone());
    Ok(applied)
}

/// What the facts of `gateway` have to agree with.
pub(crate) fn policy<'a>(
    context: &'a Context,
    gateway: &dyn Gateway,
) -> Result<&'a Policy, JobError> {
    let provider = gateway.provider();
    let policy = context.policies.get(provider);
    policy.ok_or_else(|| JobError::Bury(anyhow::anyhow!("{provider} has no policy")))
}
