use anyhow::anyhow;
use documents::FailureMail;
use entities::{Timestamp, job::Model};
use jobs::SendFailure;
use payments::{core::declines, receipts};

use crate::{Context, JobError, Ran, Run};

impl Run for SendFailure {
    #[tracing::instrument(
        name = "job.send_failure",
        skip_all,
        fields(payment.id = %self.payment_id),
    )]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let failed = receipts::failure(&context.store, self.payment_id).await?;
        let failed =
            failed.ok_or_else(|| JobError::Bury(anyhow!("{} is not there", self.payment_id)))?;
        // Paid since by another try: there is nothing left to say.
        let (Some(code), Some(email)) = (&failed.code, &failed.email) else {
            return Ok(Ran::Done);
        };
        let advice = declines::advice(code, failed.decline_code.as_deref());
        let retry_url = &*context.public_url;
        let mail = documents::failure(&FailureMail {
            payment_id: self.payment_id,
            package: &failed.package,
            price: &failed.price,
            reason: advice.sentence,
            next_step: advice.next.sentence(),
            failed_at: Timestamp::from_micros(self.failed_at),
            retry_url: Some(retry_url),
            seller: context.mailer.sender(),
        });
        let mail = mail.map_err(|error| JobError::Bury(error.into()))?;
        let occasion = format!("failure:{}:{}", self.payment_id, self.failed_at);
        context.mailer.send_once(&occasion, email, &mail).await?;
        Ok(Ran::Done)
    }
}
