use documents::{RefundMail, RefundStep};
use entities::job::Model;
use jobs::{Job, RefundOccasion, SendRefundMail};
use payments::refunds;

use crate::{Context, JobError, Ran, Run};

impl Run for SendRefundMail {
    #[tracing::instrument(name = "job.send_refund_mail", skip_all, fields(occasion = self.dedup_key()))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        let (step, about) = match self.occasion {
            RefundOccasion::Requested(id) => (RefundStep::Requested, Ok(id)),
            RefundOccasion::Approved(id) => (RefundStep::Approved, Ok(id)),
            RefundOccasion::Denied(id) => (RefundStep::Denied, Ok(id)),
            RefundOccasion::Appealed(id) => (RefundStep::Appealed, Ok(id)),
            RefundOccasion::Rejected(id) => (RefundStep::Rejected, Ok(id)),
            RefundOccasion::Paid(id) => (RefundStep::Paid, Err(id)),
            RefundOccasion::Failed(id) => (RefundStep::Failed, Err(id)),
        };
        let news = refunds::news(&context.store, about).await?;
        let Some(email) = &news.email else {
            tracing::info!("nobody to tell of a refund: the host application gave no address");
            return Ok(Ran::Done);
        };
        let mail = documents::refund(&RefundMail {
            step,
            payment_id: news.payment_id,
            request_id: news.request_id,
            package: &news.package,
            paid: &news.paid,
            amount: &news.amount,
            method: news.method.as_ref().map(|(brand, last4)| (brand.as_str(), last4.as_str())),
            wallet: news.wallet.as_deref(),
            reason: news.decision.as_deref(),
            appeal_days: context.refunds.appeal_days,
            at: row.created_at,
            seller: context.mailer.sender(),
        });
        let mail = mail.map_err(|error| JobError::Bury(error.into()))?;
        let occasion = format!("refund:{}", self.dedup_key());
        context.mailer.send_once(&occasion, email, &mail).await?;
        Ok(Ran::Done)
    }
}
