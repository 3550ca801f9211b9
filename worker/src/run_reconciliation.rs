use entities::job::Model;
use jobs::RunReconciliation;
use payments::reconciliations;

use crate::{Context, JobError, Ran, Run, looking::Looking};

impl Run for RunReconciliation {
    #[tracing::instrument(name = "job.run_reconciliation", skip_all, fields(run.id = %self.run_id))]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let run = reconciliations::begin(&context.store, self.run_id).await?;
        match Looking::new(context, &run)?.go().await {
            // Whoever asked reads in the run why it cannot be done.
            Ok(()) | Err(JobError::Bury(_)) => Ok(Ran::Done),
            Err(error) => Err(error),
        }
    }
}
