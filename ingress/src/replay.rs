//! Events fed in again: a dry run that shows what would change, or for good (`AC9.6.7`).

use entities::{EventId, Provider};
use gateways::{Gateway, GatewayError, Gateways, ReadError, Reading};
use jobs::Dispatcher;
use payments::{
    Store,
    apply::Item,
    core::Policies,
    inbox,
    money_back::{self, News},
    replay::{self, Preview, Told},
};

/// Replays events.
#[derive(Clone, Debug)]
pub struct Replayer {
    store: Store,
    gateways: Gateways,
    policies: Policies,
    dispatcher: Dispatcher,
}

/// What a dry run shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DryRun {
    /// What would change in our rows; nothing, if the event is applied already.
    Changes(Preview),
    /// The provider is asked for something else that changed, and what that comes to is seen then.
    Asks(&'static str),
    /// It says nothing that concerns us.
    Irrelevant,
    /// It can never be applied.
    Unreadable(String),
}

/// Why an event cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such event, or no more.
    #[error("there is no such event")]
    NotFound,
    /// Its provider is not set up.
    #[error("{0} is not set up")]
    NotSetUp(Provider),
    /// The event is a hint, and the provider could not be asked what it hints at.
    #[error("the provider could not be asked")]
    Provider(#[source] GatewayError),
    /// Our own trouble.
    #[error(transparent)]
    Payments(#[from] payments::Error),
}

impl Replayer {
    /// A replayer over `store`.
    pub fn new(
        store: &Store,
        gateways: &Gateways,
        policies: &Policies,
        dispatcher: &Dispatcher,
    ) -> Self {
        Self {
            store: store.clone(),
            gateways: gateways.clone(),
            policies: policies.clone(),
            dispatcher: dispatcher.clone(),
        }
    }

    /// What event `id` would change if it came now. Nothing is written, here or at the provider;
    /// of a payment that waits to be collected it shows how it stands, not that it is collected.
    pub async fn dry_run(&self, id: EventId) -> Result<DryRun, ReplayError> {
        let opened = inbox::find(&self.store, id).await?.ok_or(ReplayError::NotFound)?;
        let provider = opened.event.provider;
        let gateway = self.gateways.get(provider).ok_or(ReplayError::NotSetUp(provider))?;
        let policy = self.policies.get(provider).ok_or(ReplayError::NotSetUp(provider))?;
        let told = match self.told(gateway.as_ref(), id, gateway.read(&opened.body)).await? {
            Ok(told) => told,
            Err(shown) => return Ok(shown),
        };
        Ok(DryRun::Changes(replay::preview(&self.store, policy, told).await?))
    }

    async fn told(
        &self,
        gateway: &dyn Gateway,
        id: EventId,
        reading: Result<Reading, ReadError>,
    ) -> Result<Result<Told, DryRun>, ReplayError> {
        let event_id = Some(id);
        let back = |news| Ok(Ok(Told::MoneyBack(money_back::Item { news, event_id })));
        match reading {
            Ok(Reading::Fact(fact)) => {
                Ok(Ok(Told::Payment(Box::new(Item { fact: *fact, event_id }))))
            }
            Ok(Reading::Hint(reference)) => match gateway.retrieve_payment(&reference).await {
                Ok(told) => Ok(Ok(Told::Payment(Box::new(Item { fact: told.fact, event_id })))),
                Err(error) => Err(ReplayError::Provider(error)),
            },
            Ok(Reading::Refund(fact)) => back(News::Refund(fact)),
            Ok(Reading::Dispute(fact)) => back(News::Dispute(fact)),
            Ok(Reading::Warning(fact)) => back(News::Warning(fact)),
            Ok(Reading::Methods(_)) => Ok(Err(DryRun::Asks("the customer's saved methods"))),
            Ok(Reading::DisputeHint(_)) => Ok(Err(DryRun::Asks("the dispute"))),
            Ok(Reading::Refunds(_)) => Ok(Err(DryRun::Asks("the payment's refunds"))),
            Ok(Reading::Irrelevant) => Ok(Err(DryRun::Irrelevant)),
            Err(error) => Ok(Err(DryRun::Unreadable(error.to_string()))),
        }
    }

    /// Has event `id` applied again, as `by` asks. What it did once stays done once.
    pub async fn replay(&self, id: EventId, by: &str) -> Result<(), ReplayError> {
        let enqueued = replay::again(&self.store, id, by).await?;
        self.dispatcher.announce(enqueued.ok_or(ReplayError::NotFound)?);
        Ok(())
    }
}
