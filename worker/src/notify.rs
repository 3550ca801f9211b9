use anyhow::anyhow;
use entities::{Timestamp, job::Model};
use jobs::Notify;
use serde_json::json;

use crate::{Context, JobError, Ran, Run, notifier::Delivered};

impl Run for Notify {
    #[tracing::instrument(name = "job.notify", skip_all, fields(alert.kind = %self.kind))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        // The same in every try, so that a receiver can tell a repetition.
        let id = row.id.to_string().replace("job_", "msg_");
        let body = json!({
            "type": format!("alert.{}", self.kind.replace('-', "_")),
            "timestamp": Timestamp::from_micros(self.at).to_string(),
            "data": { "kind": self.kind, "subject": self.subject, "detail": self.detail },
        });
        let (seconds, body) = (context.store.clock.now().seconds(), body.to_string());
        let delivered = context.notifier.deliver(&self.target, &id, seconds, &body).await;
        match delivered {
            Ok(Delivered::Taken) => Ok(Ran::Done),
            Ok(Delivered::Unknown) => {
                tracing::warn!("a notification's address is no longer in the settings");
                Ok(Ran::Done)
            }
            Ok(Delivered::Gone) => Err(JobError::Bury(anyhow!("the receiver wants no more"))),
            Err(error) => Err(JobError::Retry(error.into())),
        }
    }
}
