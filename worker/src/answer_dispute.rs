use anyhow::anyhow;
use entities::{AnswerId, dispute_answer::Kind, job::Model, money_back::DisputeFact};
use gateways::{DisputeAnswer, Disputes, EvidenceFile, Said};
use jobs::AnswerDispute;
use payments::{
    core::Policy,
    disputes::{self, Answer, Next},
};

use crate::{Context, JobError, Ran, Run, job::refusal};

impl Run for AnswerDispute {
    #[tracing::instrument(name = "job.answer_dispute", skip_all, fields(answer.id = %self.answer_id))]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        if let Some(enqueued) = disputes::hand_over(&context.store, self.answer_id).await? {
            context.dispatcher.announce(enqueued);
            return Ok(Ran::Done);
        }
        answer(context, self.answer_id).await
    }
}

/// Sends answer `id`, unless it is there already.
pub(crate) async fn answer(context: &Context, id: AnswerId) -> Result<Ran, JobError> {
    match disputes::begin(&context.store, id).await? {
        Next::Nothing(enqueued) => {
            context.dispatcher.announce(enqueued);
            Ok(Ran::Done)
        }
        Next::Send(answer) => Saying::new(context, &answer)?.send(&answer).await,
        // Saying it twice does no harm, so there is no time after which it is only looked for.
        Next::LookThenSend(answer) => {
            let saying = Saying::new(context, &answer)?;
            if saying.look(&answer).await? { Ok(Ran::Done) } else { saying.send(&answer).await }
        }
    }
}

/// What an answer is said by.
struct Saying<'a> {
    context: &'a Context,
    disputes: &'a dyn Disputes,
    policy: &'a Policy,
}

impl<'a> Saying<'a> {
    fn new(context: &'a Context, answer: &Answer) -> Result<Self, JobError> {
        let provider = answer.provider;
        let missing = |what: &str| JobError::Bury(anyhow!("{provider} {what}"));
        let gateway = context.gateways.get(provider).ok_or_else(|| missing("is not set up"))?;
        let disputes = gateway.disputes().ok_or_else(|| missing("knows no disputes"))?;
        let policy = context.policies.get(provider).ok_or_else(|| missing("has no policy"))?;
        Ok(Self { context, disputes, policy })
    }

    /// Says it under its one key. A lost word makes it unknown, and it is looked for.
    async fn send(&self, answer: &Answer) -> Result<Ran, JobError> {
        let store = &self.context.store;
        match self.disputes.answer_dispute(&said(answer)).await {
            Ok(fact) => {
                self.tell(answer, fact).await?;
                Ok(Ran::Done)
            }
            Err(error) if error.outcome_unknown() => {
                disputes::unanswered(store, answer.id).await?;
                if self.look(answer).await? {
                    Ok(Ran::Done)
                } else {
                    Err(JobError::Retry(error.into()))
                }
            }
            Err(error) => match refusal(&error) {
                // An earlier try may have been done, and only its answer lost.
                Some(_) if self.look(answer).await? => Ok(Ran::Done),
                Some(code) => {
                    let enqueued = disputes::refused(store, answer.id, &code).await?;
                    self.context.dispatcher.announce(enqueued);
                    Ok(Ran::Done)
                }
                None => Err(JobError::Retry(error.into())),
            },
        }
    }

    /// Looks whether the provider has it.
    async fn look(&self, answer: &Answer) -> Result<bool, JobError> {
        let found = self.disputes.find_answer(&said(answer)).await;
        match found.map_err(|error| JobError::Retry(error.into()))? {
            Some(fact) => {
                self.tell(answer, fact).await?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    async fn tell(&self, answer: &Answer, fact: DisputeFact) -> Result<(), JobError> {
        let store = &self.context.store;
        let enqueued = disputes::answered(store, self.policy, answer.id, fact).await?;
        self.context.dispatcher.announce(enqueued);
        Ok(())
    }
}

fn said(answer: &Answer) -> DisputeAnswer {
    let files = answer.files.iter().map(|(file, content)| EvidenceFile {
        name: file.name.clone(),
        field: file.field.clone(),
        media: file.media.clone(),
        content: content.clone(),
    });
    DisputeAnswer {
        answer_id: answer.id,
        reference: answer.reference.clone(),
        said: match answer.kind {
            Kind::Accept => Said::Accepted,
            Kind::Evidence => Said::Evidence(answer.words.clone(), files.collect()),
        },
        key: answer.key.clone(),
    }
}
