//! What a provider says of a payment now, and collecting what its payer has agreed to.

use entities::{EventId, payment::Status};
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

/// Says what is to be applied of `told`, after collecting what is to be collected.
///
/// An order that contradicts our row is never collected: what it says is compared first.
pub(crate) async fn follow(
    context: &Context,
    gateway: &dyn Gateway,
    told: ProviderPayment,
    collect: Collect,
    event_id: Option<EventId>,
) -> Result<Item, JobError> {
    let agreed_at = told.agreed_at();
    let item = Item { fact: told.fact, event_id };
    if !told.needs_confirmation || (collect == Collect::Agreed && !told.payer_agreed) {
        return Ok(item);
    }
    let applied = apply_now(context, gateway, std::slice::from_ref(&item)).await?;
    let Some(Outcome::Applied(id)) = applied.outcomes.first() else { return Ok(item) };
    let payment = checkout::find(&context.store, *id).await?;
    let open = |status: Status| status.rank() < Status::Canceled.rank();
    let Some(payment) = payment.filter(|payment| open(payment.status)) else { return Ok(item) };
    if agreed_at.is_some_and(|at| checkout::is_declined_since(&payment, at)) {
        return Ok(item);
    }
    let key = checkout::confirm_key(&payment, agreed_at);
    match gateway.confirm_payment(&item.fact.reference, &key).await {
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
