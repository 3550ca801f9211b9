use entities::job::Model;
use jobs::DetachMethods;
use payments::{
    methods::{self, Told},
    provider_customers,
};

use crate::{Context, JobError, Ran, Run};

impl Run for DetachMethods {
    #[tracing::instrument(
        name = "job.detach_methods",
        skip_all,
        fields(customer.id = %self.customer_id),
    )]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let (store, customer) = (&context.store, self.customer_id);
        for gateway in context.gateways.iter() {
            let (provider, livemode) = (gateway.provider(), gateway.livemode());
            let Some(wallet) = gateway.wallet() else { continue };
            let reference = provider_customers::reference(store, customer, provider, livemode);
            let Some(reference) = reference.await? else { continue };
            for kept in wallet.list_methods(&reference).await? {
                wallet.forget_method(&kept.token).await?;
            }
            let told = Told { at: store.clock.now(), kept: &[] };
            methods::follow(store, customer, provider, livemode, &told).await?;
        }
        Ok(Ran::Done)
    }
}
