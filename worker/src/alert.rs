use documents::AlertMail;
use entities::job::Model;
use jobs::{Alert, Job, NewJob, Notify, queue};

use crate::{Context, JobError, Ran, Run};

/// The alert of a notification that could not be delivered; told by mail alone.
pub(crate) const DEAD_NOTIFICATION: &str = "dead-notification";

impl Run for Alert {
    #[tracing::instrument(name = "job.alert", skip_all, fields(alert.kind = %self.kind))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        tracing::error!(alert.subject = %self.subject, alert.detail = %self.detail, "alert");
        metrics::counter!("quittance_alerts_total", "kind" => self.kind.clone()).increment(1);
        notify(context, &self, row).await?;
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
        context.mailer.send_once(&occasion, admin, &mail).await?;
        Ok(Ran::Done)
    }
}

/// Has the operator's own systems told, each by a job of its own: mail and they do not wait for each
/// other, and asking again asks once.
async fn notify(context: &Context, alert: &Alert, row: &Model) -> Result<(), JobError> {
    if alert.kind == DEAD_NOTIFICATION {
        return Ok(());
    }
    let now = context.store.clock.now();
    let job = |target: &str| Notify {
        target: target.to_owned(),
        kind: alert.kind.clone(),
        subject: alert.subject.clone(),
        detail: alert.detail.clone(),
        at: row.created_at.micros(),
    };
    let jobs: Vec<NewJob> =
        context.notifier.targets().map(|target| NewJob::of(&job(target), now)).collect();
    if jobs.is_empty() {
        return Ok(());
    }
    let txn = context.store.db.begin().await?;
    let enqueued = queue::insert(&txn, jobs, now).await?;
    txn.commit().await?;
    context.dispatcher.announce(enqueued);
    Ok(())
}
