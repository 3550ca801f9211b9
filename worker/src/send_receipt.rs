use anyhow::anyhow;
use documents::ReceiptMail;
use entities::job::Model;
use jobs::SendReceipt;
use payments::{mails, receipts};

use crate::{Context, JobError, Ran, Run};

impl Run for SendReceipt {
    #[tracing::instrument(
        name = "job.send_receipt",
        skip_all,
        fields(payment.id = %self.payment_id),
    )]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let receipt = receipts::find(&context.store, self.payment_id).await?;
        let receipt = receipt.ok_or_else(|| {
            JobError::Bury(anyhow!("{} has not succeeded; it has no receipt", self.payment_id))
        })?;
        let Some(email) = &receipt.email else {
            tracing::info!("nobody to send a receipt to: the host application gave no address");
            return Ok(Ran::Done);
        };
        let mail = documents::receipt(&ReceiptMail {
            payment_id: receipt.payment_id,
            package: &receipt.package,
            paid: &receipt.paid,
            credits: receipt.credits,
            balance: receipt.balance,
            method: receipt.method.as_ref().map(|(brand, last4)| (brand.as_str(), last4.as_str())),
            succeeded_at: receipt.succeeded_at,
            receipt_url: receipt.receipt_url.as_deref(),
            seller: context.mailer.sender(),
        });
        let mail = mail.map_err(|error| JobError::Bury(error.into()))?;
        let occasion = mails::receipt_occasion(self.payment_id);
        context.mailer.send_once(&context.store, &occasion, email, &mail).await?;
        let took = context.store.clock.now().since(receipt.succeeded_at).as_secs_f64();
        metrics::histogram!("quittance_payment_to_receipt_seconds").record(took);
        Ok(Ran::Done)
    }
}
