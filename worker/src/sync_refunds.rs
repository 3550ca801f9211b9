use anyhow::anyhow;
use entities::job::Model;
use gateways::Reading;
use jobs::SyncRefunds;
use payments::{inbox, refunds};

use crate::{Context, JobError, Ran, Run};

impl Run for SyncRefunds {
    #[tracing::instrument(name = "job.sync_refunds", skip_all, fields(event.id = %self.event_id))]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let Some(opened) = inbox::find(&context.store, self.event_id).await? else {
            return Ok(Ran::Done);
        };
        let provider = opened.event.provider;
        let bury = |what: &str| JobError::Bury(anyhow!("{provider} {what}"));
        let gateway = context.gateways.get(provider).ok_or_else(|| bury("is not set up"))?;
        let policy = context.policies.get(provider).ok_or_else(|| bury("has no policy"))?;
        let (Some(gateway), Ok(Reading::Refunds(reference))) =
            (gateway.refunds(), gateway.read(&opened.body))
        else {
            return Ok(Ran::Done);
        };
        let facts = gateway.list_refunds(&reference).await?;
        let (_, enqueued) = refunds::tell(&context.store, policy, facts).await?;
        context.dispatcher.announce(enqueued);
        Ok(Ran::Done)
    }
}
