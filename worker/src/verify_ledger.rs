use entities::job::Model;
use jobs::{Alert, NewJob, VerifyLedger, queue};
use payments::{
    breaker::{self, Signal},
    core::Alarms,
    ledger,
};

use crate::{Context, JobError, Ran, Run};

impl Run for VerifyLedger {
    #[tracing::instrument(name = "job.verify_ledger", skip_all)]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let discrepancies = ledger::verify(&context.store).await?;
        metrics::gauge!("quittance_ledger_discrepancies").set(discrepancies.len() as f64);
        let Some(first) = discrepancies.first() else {
            return Ok(Ran::Done);
        };
        let now = context.store.clock.now();
        let alert = Alert {
            kind: "ledger".to_owned(),
            subject: self.tick,
            detail: format!("{} discrepancies, the first: {first}", discrepancies.len()),
        };
        let txn = context.store.db.begin().await?;
        let enqueued = queue::insert(&txn, vec![NewJob::of(&alert, now)], now).await?;
        txn.commit().await?;
        context.dispatcher.announce(enqueued);
        let (detail, pauses) = ("the ledger does not agree with itself", Alarms::USUAL.pauses);
        let told = breaker::report(&context.store, Signal::Ledger, 1, detail, &pauses).await?;
        context.dispatcher.announce(told.into_iter().collect());
        Ok(Ran::Done)
    }
}
