//! Looking at a provider's side: what never reached us goes through the same inbox as everything
//! else, and each gap is listed.

mod ask;

use std::{ops::Range, time::Duration};

use anyhow::anyhow;
use entities::{
    PaymentId, Timestamp,
    provider_event::Source,
    reconciliation::{self, Scope},
};
use gateways::{Gateway, GatewayError};
use jobs::{Alert, NewJob, queue};
use payments::{checkout, inbox::Delivery, reconciliations};

use crate::{Context, JobError};

/// A payment that changed less long ago is being paid just now; its events are on their way.
const SETTLING: Duration = Duration::from_mins(2);

/// Payments, refunds, or disputes, asked about in a run, the newest: the older ones were when they were new. At
/// a few calls a second this fits the job's time.
const MAX_OPEN: u64 = 200;

/// One run at work.
pub(crate) struct Looking<'a> {
    context: &'a Context,
    gateway: &'a dyn Gateway,
    run: &'a reconciliation::Model,
    events: i64,
    payments: i64,
    healed: usize,
}

impl<'a> Looking<'a> {
    /// `run`, at the provider it names.
    pub(crate) fn new(
        context: &'a Context,
        run: &'a reconciliation::Model,
    ) -> Result<Self, JobError> {
        let gateway = context.gateways.get(run.provider);
        let gateway =
            gateway.ok_or_else(|| JobError::Bury(anyhow!("{} is not set up", run.provider)))?;
        let gateway = gateway.as_ref();
        Ok(Self { context, gateway, run, events: 0, payments: 0, healed: 0 })
    }

    /// Does all of the run; a failure is noted in its row.
    pub(crate) async fn go(mut self) -> Result<(), JobError> {
        let (run, store) = (self.run, &self.context.store);
        let error = match self.look().await {
            Ok(()) => return self.finish().await,
            Err(error) => error,
        };
        reconciliations::failed(store, run.id, &error.text()).await?;
        Err(error)
    }

    async fn look(&mut self) -> Result<(), JobError> {
        let run = self.run;
        match (run.scope, run.since, run.until, run.payment_id, run.event_ref.as_deref()) {
            (Scope::Window, Some(since), Some(until), ..) => self.window(since..until).await,
            (Scope::Payment, _, _, Some(id), _) => self.payment(id).await,
            (Scope::Event, .., Some(reference)) => self.event(reference).await,
            _ => Err(JobError::Bury(anyhow!("the run does not say at what to look"))),
        }
    }

    async fn window(&mut self, span: Range<Timestamp>) -> Result<(), JobError> {
        let now = self.context.store.clock.now();
        let since = span.start.max(now - self.gateway.events_kept());
        let mut after = None;
        loop {
            let page = self.gateway.list_events(since, after.as_deref()).await?;
            let mut deliveries = self.read(&page.events);
            deliveries.retain(|delivery| delivery.envelope.occurred_at < span.end);
            let reached = deliveries.iter().map(|delivery| delivery.envelope.occurred_at).min();
            self.record(&deliveries).await?;
            self.progress(reached).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let settled = span.start..span.end.min(now - SETTLING);
        self.open_payments(settled.clone()).await?;
        self.open_refunds(settled.clone()).await?;
        // No event tells any more of what is older: then disputes are asked about at any age, since
        // a bank takes months.
        let asks_all = span.start <= now - self.gateway.events_kept();
        let since = if asks_all { None } else { Some(settled.start) };
        self.open_disputes(since, settled.end).await
    }

    async fn event(&mut self, reference: &str) -> Result<(), JobError> {
        let event = match self.gateway.retrieve_event(reference).await {
            Err(GatewayError::Api { status: 404, .. }) => {
                let provider = self.run.provider;
                return Err(JobError::Bury(anyhow!("{provider} has no such event, or no more")));
            }
            event => event?,
        };
        let deliveries = self.read(&[event]);
        self.record(&deliveries).await?;
        self.progress(None).await
    }

    async fn payment(&mut self, id: PaymentId) -> Result<(), JobError> {
        let payment = checkout::find(&self.context.store, id).await?;
        let payment = payment.ok_or_else(|| JobError::Bury(anyhow!("there is no such payment")))?;
        self.payments = 1;
        self.healed += self.ask(&payment).await? + self.ask_refunds(&payment).await?;
        for dispute in reconciliations::disputes_of(&self.context.store, id).await? {
            self.healed += self.ask_dispute(&dispute).await?;
        }
        self.progress(None).await
    }

    /// The payments whose end we do not know, in case no event ever tells it.
    async fn open_payments(&mut self, span: Range<Timestamp>) -> Result<(), JobError> {
        let (store, provider) = (&self.context.store, self.run.provider);
        for payment in checkout::unfinished(store, provider, span, MAX_OPEN).await? {
            let asked = self.ask(&payment).await;
            self.count(payment.id, asked)?;
            self.progress(None).await?;
        }
        Ok(())
    }

    /// The refunds whose end we do not know.
    async fn open_refunds(&mut self, span: Range<Timestamp>) -> Result<(), JobError> {
        let (store, provider) = (&self.context.store, self.run.provider);
        for payment in reconciliations::open_refunds(store, provider, span, MAX_OPEN).await? {
            let asked = self.ask_refunds(&payment).await;
            self.count(payment.id, asked)?;
            self.progress(None).await?;
        }
        Ok(())
    }

    /// The disputes that no bank has decided, as far as we know.
    async fn open_disputes(
        &mut self,
        since: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<(), JobError> {
        let (store, provider) = (&self.context.store, self.run.provider);
        let open = reconciliations::open_disputes(store, provider, since, until, MAX_OPEN).await?;
        for dispute in open {
            let asked = self.ask_dispute(&dispute).await;
            self.count(dispute.payment_id, asked)?;
            self.progress(None).await?;
        }
        Ok(())
    }

    /// One payment that cannot be looked up does not keep us from the others.
    fn count(
        &mut self,
        payment: PaymentId,
        asked: Result<usize, JobError>,
    ) -> Result<(), JobError> {
        self.payments += 1;
        match asked {
            Ok(healed) => self.healed += healed,
            Err(JobError::Bury(error)) => {
                let error = format!("{error:#}");
                tracing::warn!(payment.id = %payment, error, "a payment cannot be looked up");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What can be read of `events`.
    fn read(&self, events: &[String]) -> Vec<Delivery> {
        let open = |event: &String| match self.gateway.open_fetched(event.as_bytes()) {
            Ok(envelope) => Some(Delivery {
                provider: self.gateway.provider(),
                envelope,
                body: event.clone().into_bytes(),
                source: Source::Poll,
                received_at: self.context.store.clock.now(),
            }),
            Err(error) => {
                tracing::error!(%error, "the provider listed an event that cannot be read");
                None
            }
        };
        events.iter().filter_map(open).collect()
    }

    async fn record(&mut self, deliveries: &[Delivery]) -> Result<(), JobError> {
        let (context, run) = (self.context, self.run.id);
        let (healed, enqueued) =
            reconciliations::record_events(&context.store, run, deliveries).await?;
        context.dispatcher.announce(enqueued);
        self.events += i64::try_from(deliveries.len()).unwrap_or(i64::MAX);
        self.healed += healed;
        Ok(())
    }

    async fn progress(&self, reached: Option<Timestamp>) -> Result<(), JobError> {
        let looked_at = (self.events, self.payments);
        let store = &self.context.store;
        Ok(reconciliations::progress(store, self.run.id, looked_at, reached).await?)
    }

    /// Writes down that everything was looked at, and tells the operator of what is amiss.
    async fn finish(self) -> Result<(), JobError> {
        let (context, run, healed) = (self.context, self.run, self.healed);
        let (store, now) = (&context.store, context.store.clock.now());
        let alerts = if run.scope == Scope::Window { self.alerts(now).await? } else { Vec::new() };
        let alerts = alerts.iter().map(|alert| NewJob::of(alert, now)).collect();
        let txn = store.db.begin().await?;
        reconciliations::finish(&txn, run.id, now).await?;
        let enqueued = queue::insert(&txn, alerts, now).await?;
        txn.commit().await?;
        context.dispatcher.announce(enqueued);
        let provider = run.provider.as_str();
        metrics::counter!("quittance_reconciliation_gaps_total", "provider" => provider)
            .increment(healed as u64);
        let (events, payments) = (self.events, self.payments);
        if healed > 0 {
            tracing::warn!(events, payments, healed, "gaps were found, and are healed now");
        } else {
            tracing::info!(events, payments, "everything had reached us");
        }
        Ok(())
    }

    /// One alert a day of each kind: a way that is broken stays so for many runs.
    async fn alerts(&self, now: Timestamp) -> Result<Vec<Alert>, JobError> {
        let (store, run, provider) = (&self.context.store, self.run, self.run.provider);
        let day = now.to_string().chars().take(10).collect::<String>();
        let mut alerts = Vec::new();
        let late = reconciliations::late(store, run.id).await?;
        if late > 0 {
            alerts.push(Alert {
                kind: "webhooks-missed".to_owned(),
                subject: format!("{provider}:{day}"),
                detail: format!(
                    "{late} changes at {provider} had not reached us and were fetched; the report \
                     is {}. Look whether its webhooks arrive",
                    run.id
                ),
            });
        }
        let stuck = reconciliations::stuck(store, now).await?;
        if stuck > 0 {
            alerts.push(Alert {
                kind: "events-stuck".to_owned(),
                subject: day,
                detail: format!(
                    "{stuck} events have waited for a quarter of an hour; look at the jobs, and \
                     whether events are paused"
                ),
            });
        }
        Ok(alerts)
    }
}
