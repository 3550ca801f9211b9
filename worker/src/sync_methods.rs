use anyhow::anyhow;
use entities::{CustomerId, job::Model};
use gateways::{Gateway, Reading, Wallet};
use jobs::SyncMethods;
use payments::{
    inbox,
    methods::{self, Told},
    provider_customers,
};

use crate::{Context, JobError, Ran, Run};

impl Run for SyncMethods {
    #[tracing::instrument(name = "job.sync_methods", skip_all, fields(event.id = %self.event_id))]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let store = &context.store;
        let Some(opened) = inbox::find(store, self.event_id).await? else {
            return Ok(Ran::Done);
        };
        let provider = opened.event.provider;
        let gateway = context.gateways.get(provider);
        let gateway = gateway.ok_or_else(|| JobError::Bury(anyhow!("{provider} is not set up")))?;
        let (Some(wallet), Ok(Reading::Methods(reference))) =
            (gateway.wallet(), gateway.read(&opened.body))
        else {
            return Ok(Ran::Done);
        };
        if opened.event.livemode != gateway.livemode() {
            return Ok(Ran::Done);
        }
        // A customer whom we do not know is another application's of the same account.
        if let Some(customer) = provider_customers::find(store, provider, &reference).await? {
            sync(context, gateway.as_ref(), wallet, customer, &reference).await?;
        }
        Ok(Ran::Done)
    }
}

async fn sync(
    context: &Context,
    gateway: &dyn Gateway,
    wallet: &dyn Wallet,
    customer: CustomerId,
    reference: &str,
) -> Result<(), JobError> {
    let (provider, livemode) = (gateway.provider(), gateway.livemode());
    let at = context.store.clock.now();
    let told = Told { at, kept: &wallet.list_methods(reference).await? };
    Ok(methods::follow(&context.store, customer, provider, livemode, &told).await?)
}
