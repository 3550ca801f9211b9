use documents::CaseMail;
use entities::job::Model;
use jobs::{Job, SendCaseMail};
use payments::reviews;

use crate::{Context, JobError, Ran, Run};

impl Run for SendCaseMail {
    #[tracing::instrument(name = "job.send_case_mail", skip_all, fields(message.id = %self.message_id))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        let Some(told) = reviews::case_mail(&context.store, self.message_id).await? else {
            return Ok(Ran::Done);
        };
        let Some(email) = &told.email else {
            tracing::info!("nobody to write to about a case: no address is known any more");
            return Ok(Ran::Done);
        };
        let mail = documents::case(&CaseMail {
            payment_id: told.payment_id,
            package: &told.package,
            text: &told.text,
            at: row.created_at,
            seller: context.mailer.sender(),
        });
        let mail = mail.map_err(|error| JobError::Bury(error.into()))?;
        let occasion = format!("case:{}", self.dedup_key());
        context.mailer.send_once(&occasion, email, &mail).await?;
        Ok(Ran::Done)
    }
}
