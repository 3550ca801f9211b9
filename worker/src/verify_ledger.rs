use entities::job::Model;
use jobs::{Alert, NewJob, VerifyLedger, queue};
use payments::ledger;

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
        Ok(Ran::Done)
    }
}
