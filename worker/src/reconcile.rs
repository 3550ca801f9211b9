use std::time::Duration;

use entities::job::Model;
use jobs::Reconcile;
use payments::reconciliations;

use crate::{Context, JobError, Ran, Run, looking::Looking};

impl Run for Reconcile {
    #[tracing::instrument(name = "job.reconcile", skip_all, fields(provider = %self.provider))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        let (store, now) = (&context.store, context.store.clock.now());
        let span = now - Duration::from_secs(self.window_seconds)..now;
        // A run that is tried again goes on as the same, at the span it began with.
        let run = reconciliations::begin_scheduled(store, row.id, self.provider, span).await?;
        Looking::new(context, &run)?.go().await?;
        Ok(Ran::Done)
    }
}
