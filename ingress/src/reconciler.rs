//! Asking what never reached us: one payment, one event, or a span of time (`AC9.6.7`).

use std::ops::Range;

use entities::{EventId, PaymentId, Provider, Timestamp, reconciliation::Model};
use gateways::Gateways;
use jobs::Dispatcher;
use payments::{
    Store, checkout, inbox,
    reconciliations::{self, Wish},
};

/// Asks for looks at the providers' side; workers do them.
#[derive(Clone, Debug)]
pub struct Reconciler {
    store: Store,
    gateways: Gateways,
    dispatcher: Dispatcher,
}

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One payment.
    Payment(PaymentId),
    /// One event, by our id, or by the id that a provider gave it.
    Event(String, Option<Provider>),
    /// Everything of a span of time, at one provider or at all of them.
    Span(Range<Timestamp>, Option<Provider>),
}

/// Why nothing is looked at.
#[derive(Debug, thiserror::Error)]
pub enum ReconcilerError {
    /// There is no such payment or event, or no more.
    #[error("there is no such payment or event")]
    NotFound,
    /// Whose event it is does not follow from its id.
    #[error("an event by the provider's id needs provider beside it")]
    WhoseEvent,
    /// The provider is not set up.
    #[error("{0} is not set up")]
    NotSetUp(Provider),
    /// Our own trouble, or a span that ends before it begins.
    #[error(transparent)]
    Payments(#[from] payments::Error),
}

impl Reconciler {
    /// Looks at `gateways`, for `store`.
    pub fn new(store: &Store, gateways: &Gateways, dispatcher: &Dispatcher) -> Self {
        let (store, gateways, dispatcher) = (store.clone(), gateways.clone(), dispatcher.clone());
        Self { store, gateways, dispatcher }
    }

    /// Has `subject` looked at, as `by` asks: a run for each provider that it concerns.
    pub async fn ask(&self, subject: Subject, by: &str) -> Result<Vec<Model>, ReconcilerError> {
        let mut runs = Vec::new();
        for (provider, wish) in self.wishes(subject).await? {
            let (run, job) = reconciliations::ask(&self.store, provider, wish, by).await?;
            self.dispatcher.announce(job.into_iter().collect());
            runs.push(run);
        }
        Ok(runs)
    }

    async fn wishes(&self, subject: Subject) -> Result<Vec<(Provider, Wish)>, ReconcilerError> {
        let all = || self.gateways.iter().map(|gateway| gateway.provider());
        let named = match &subject {
            Subject::Payment(_) => None,
            Subject::Event(_, provider) | Subject::Span(_, provider) => *provider,
        };
        if let Some(missing) = named.filter(|named| self.gateways.get(*named).is_none()) {
            return Err(ReconcilerError::NotSetUp(missing));
        }
        match subject {
            Subject::Payment(id) => {
                let payment = checkout::find(&self.store, id).await?;
                let payment = payment.ok_or(ReconcilerError::NotFound)?;
                Ok(vec![(payment.provider, Wish::Payment(id))])
            }
            Subject::Event(id, provider) => Ok(vec![self.event(id, provider).await?]),
            Subject::Span(span, provider) => {
                let wanted = all().filter(|it| provider.is_none_or(|provider| provider == *it));
                Ok(wanted.map(|it| (it, Wish::Window(span.clone()))).collect())
            }
        }
    }

    async fn event(
        &self,
        id: String,
        provider: Option<Provider>,
    ) -> Result<(Provider, Wish), ReconcilerError> {
        if let Ok(id) = id.parse::<EventId>() {
            let found = inbox::find(&self.store, id).await?.ok_or(ReconcilerError::NotFound)?;
            return Ok((found.event.provider, Wish::Event(found.event.event_id)));
        }
        Ok((provider.ok_or(ReconcilerError::WhoseEvent)?, Wish::Event(id)))
    }
}
