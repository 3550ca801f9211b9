use entities::job::Model;
use jobs::{Alert, VerifyAudit};
use payments::{alerts, audit};

use crate::{Context, JobError, Ran, Run};

impl Run for VerifyAudit {
    #[tracing::instrument(name = "job.verify_audit", skip_all)]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        // What a forged head keeps from being sealed is found below.
        match audit::seal(&context.store).await {
            Ok(_) | Err(payments::Error::Inconsistent(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let seen: Vec<_> = context.audit_seen.head().into_iter().collect();
        let report = audit::verify(&context.store, &seen).await?;
        metrics::gauge!("quittance_audit_problems").set(report.problems.len() as f64);
        let Some(first) = report.problems.first() else {
            context.audit_seen.note(report.head);
            let head = report.head.map(|head| head.to_string()).unwrap_or_default();
            tracing::info!(audit.lines = report.lines, audit.head = head, "the audit log is whole");
            return Ok(Ran::Done);
        };
        let alert = Alert {
            kind: "audit-chain".to_owned(),
            subject: self.tick,
            detail: format!("{} problems, the first: {first}", report.problems.len()),
        };
        let enqueued = alerts::raise(&context.store, &alert).await?;
        context.dispatcher.announce(enqueued.into_iter().collect());
        Ok(Ran::Done)
    }
}
