use anyhow::anyhow;
use entities::{job::Model, payment::Status};
use jobs::FollowPayment;
use payments::checkout;

use crate::{
    Context, JobError, Ran, Run,
    follow::{Collect, apply_now, follow},
};

impl Run for FollowPayment {
    #[tracing::instrument(
        name = "job.follow_payment",
        skip_all,
        fields(payment.id = %self.payment_id),
    )]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let payment = checkout::find(&context.store, self.payment_id).await?;
        let payment = payment.ok_or_else(|| JobError::Bury(anyhow!("there is no such payment")))?;
        let open = payment.status.rank() < Status::Canceled.rank();
        let Some(reference) = payment.provider_reference.filter(|_| open) else {
            return Ok(Ran::Done);
        };
        let provider = payment.provider;
        let gateway = context.gateways.get(provider);
        let gateway =
            gateway.ok_or_else(|| JobError::Bury(anyhow!("{provider} is not set up")))?.as_ref();
        let told = gateway.retrieve_payment(&reference).await?;
        // Another try has been made since: what the payer asked for then is no longer asked for.
        let collect =
            if payment.version == self.version { Collect::Begun } else { Collect::Agreed };
        let item = follow(context, gateway, told, collect, None).await?;
        apply_now(context, gateway, &[item]).await?;
        Ok(Ran::Done)
    }
}
