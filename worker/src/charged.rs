//! How payments were paid, asked for where no event has told.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use entities::{PaymentId, Timestamp, fact::Fact};
use futures_util::future::join_all;
use payments::{
    apply::{self, Item},
    checkout,
};

use crate::Context;

/// Longest wait for what a receipt can do without.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a provider that did not answer is left alone.
const REST: Duration = Duration::from_secs(30);

/// Until when nobody is asked, since the last question had no answer.
#[derive(Debug, Default)]
pub struct Rest(AtomicI64);

impl Rest {
    fn begin(&self, now: Timestamp) {
        self.0.store((now + REST).micros(), Ordering::Relaxed);
    }

    fn holds(&self, now: Timestamp) -> bool {
        now.micros() < self.0.load(Ordering::Relaxed)
    }
}

/// Asks the providers how the payments `ids` were paid, all at once, and says whether anything was
/// learnt: an event about a payment names its charge and does not describe it, and the charge's own
/// event may be on its way.
pub(crate) async fn ask(context: &Context, ids: &[PaymentId]) -> Result<bool, payments::Error> {
    let now = context.store.clock.now();
    if ids.is_empty() || context.rest.holds(now) {
        return Ok(false);
    }
    let mut learnt = false;
    for fact in join_all(ids.iter().map(|id| told(context, *id))).await {
        if let Some(fact) = fact? {
            apply(context, fact).await?;
            learnt = true;
        }
    }
    Ok(learnt)
}

/// What the provider says of payment `id`; `None` if it says nothing now.
async fn told(context: &Context, id: PaymentId) -> Result<Option<Fact>, payments::Error> {
    let Some(payment) = checkout::find(&context.store, id).await? else { return Ok(None) };
    let gateway = context.gateways.get(payment.provider);
    let (Some(gateway), Some(reference)) = (gateway, &payment.provider_reference) else {
        return Ok(None);
    };
    match tokio::time::timeout(PATIENCE, gateway.retrieve_payment(reference)).await {
        Ok(Ok(told)) => return Ok(Some(told.fact)),
        Ok(Err(error)) if !error.is_transient() => {}
        Ok(Err(_)) | Err(_) => context.rest.begin(context.store.clock.now()),
    }
    tracing::info!(payment.id = %id, "a receipt goes out without the method it was paid with");
    Ok(None)
}

async fn apply(context: &Context, fact: Fact) -> Result<(), payments::Error> {
    let Some(policy) = context.policies.get(fact.provider) else { return Ok(()) };
    let txn = context.store.db.begin().await?;
    let items = [Item { fact, event_id: None }];
    let (vault, now) = (&context.store.vault, context.store.clock.now());
    match apply::apply(&txn, vault, policy, &items, now).await {
        Ok(applied) => {
            txn.commit().await?;
            context.dispatcher.announce(applied.enqueued);
        }
        // The charge's event was faster.
        Err(payments::Error::Stale(_)) => txn.rollback().await?,
        Err(error) => return Err(error),
    }
    Ok(())
}
