use documents::AlertMail;
use entities::job::Model;
use jobs::{Alert, Job};

use crate::{Context, JobError, Ran, Run};

impl Run for Alert {
    #[tracing::instrument(name = "job.alert", skip_all, fields(alert.kind = %self.kind))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        tracing::error!(alert.subject = %self.subject, alert.detail = %self.detail, "alert");
        metrics::counter!("quittance_alerts_total", "kind" => self.kind.clone()).increment(1);
        let Some(admin) = &context.admin_email else {
            return Ok(Ran::Done);
        };
        let mail = documents::alert(&AlertMail {
            kind: &self.kind,
            subject: &self.subject,
            detail: &self.detail,
            at: row.created_at,
        });
        let mail = mail.map_err(|error| JobError::Bury(error.into()))?;
        let occasion = format!("alert:{}", self.dedup_key());
        context.mailer.send_once(&context.store, &occasion, admin, &mail).await?;
        Ok(Ran::Done)
    }
}
