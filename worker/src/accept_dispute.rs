use entities::job::Model;
use jobs::AcceptDispute;

use crate::{Context, JobError, Ran, Run, answer_dispute::answer};

impl Run for AcceptDispute {
    #[tracing::instrument(name = "job.accept_dispute", skip_all, fields(answer.id = %self.answer_id))]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        answer(context, self.answer_id).await
    }
}
