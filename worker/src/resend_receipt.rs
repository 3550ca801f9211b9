use entities::job::Model;
use jobs::ResendReceipt;

use crate::{Context, JobError, Ran, Run, send_receipt};

impl Run for ResendReceipt {
    #[tracing::instrument(
        name = "job.resend_receipt",
        skip_all,
        fields(payment.id = %self.payment_id),
    )]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let occasion = format!("receipt:{}:{}", self.payment_id, self.minute);
        send_receipt::send(context, self.payment_id, &occasion).await?;
        Ok(Ran::Done)
    }
}
