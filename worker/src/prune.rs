use std::time::Duration;

use entities::job::Model;
use jobs::{Prune, queue};
use payments::{disputes, fraud, idempotency, inbox};

use crate::{Context, JobError, Ran, Run};

/// How long events are kept: three times as long as a provider can list them.
const EVENTS: Duration = Duration::from_hours(24 * 90);

/// How long finished jobs are kept; past the window in which anything could ask for them again.
const JOBS: Duration = Duration::from_hours(24 * 100);

/// How long evidence is kept after its dispute has ended: a bank may be asked again for as long.
const EVIDENCE: Duration = Duration::from_hours(24 * 90);

impl Run for Prune {
    #[tracing::instrument(name = "job.prune", skip_all)]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let now = context.store.clock.now();
        let events = inbox::prune(&context.store, now - EVENTS).await?;
        let jobs = queue::prune(context.store.db.writer(), now - JOBS).await?;
        let keys = idempotency::prune(&context.store, now).await?;
        let visits = fraud::prune(&context.store, now).await?;
        let files = disputes::prune(&context.store, now - EVIDENCE).await?;
        tracing::info!(events, jobs, keys, visits, files, "pruned");
        Ok(Ran::Done)
    }
}
