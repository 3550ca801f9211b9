use anyhow::anyhow;
use entities::job::Model;
use jobs::{LookUpEvent, NewJob, queue};
use payments::{
    apply::{self, Item, Outcome},
    inbox::{self, Verdict},
};

use crate::{Context, JobError, Ran, Run, apply_event::dead_event};
use gateways::{GatewayError, Reading};

impl Run for LookUpEvent {
    #[tracing::instrument(name = "job.look_up_event", skip_all, fields(event.id = %self.event_id))]
    async fn run(self, context: &Context, row: &Model) -> Result<Ran, JobError> {
        let store = &context.store;
        let Some(opened) = inbox::find(store, self.event_id).await? else {
            return Ok(Ran::Done);
        };
        let provider = opened.event.provider;
        let bury = |what: &str| JobError::Bury(anyhow!("{provider} {what}"));
        let gateway = context.gateways.get(provider).ok_or_else(|| bury("is not set up"))?;
        let policy = context.policies.get(provider).ok_or_else(|| bury("has no policy"))?;
        let Ok(Reading::Fact(told)) = gateway.read(&opened.body) else {
            return Err(bury("sent an event that can no longer be read"));
        };

        // What the provider says now wins over what its event said then.
        let mut items = vec![Item { fact: *told, event_id: Some(self.event_id) }];
        match gateway.retrieve_payment(&items[0].fact.reference).await {
            Ok(current) => items.push(Item { fact: current.fact, event_id: Some(self.event_id) }),
            Err(GatewayError::Api { status: 404, .. }) => {}
            Err(error) => return Err(error.into()),
        }

        let now = store.clock.now();
        let txn = store.db.begin().await?;
        let applied = apply::apply(&txn, policy, &items, now).await?;
        let mut enqueued = applied.enqueued;
        let verdict = match applied.outcomes.last() {
            Some(Outcome::Applied(_)) => Verdict::Applied,
            Some(Outcome::Contradicted(id, rule)) => {
                Verdict::Dead(format!("contradicts {id}: {rule}"))
            }
            Some(Outcome::Unknown) | None => {
                Verdict::Dead("the provider has it, but no payment of ours fits".to_owned())
            }
        };
        if let Verdict::Dead(cause) = &verdict {
            let alert = NewJob::of(&dead_event(self.event_id, cause), now);
            enqueued.extend(queue::insert(&txn, vec![alert], now).await?);
        }
        inbox::settle(&txn, &[(self.event_id, verdict)], now).await?;
        queue::done(&txn, std::slice::from_ref(row), now).await.map_err(payments::Error::from)?;
        txn.commit().await?;
        context.dispatcher.announce(enqueued);
        Ok(Ran::Settled)
    }
}
