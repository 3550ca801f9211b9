//! How the system is, in a few figures.

use entities::{job, provider_event};
use jobs::queue::{self, Depth};
use payments::{Store, inbox};

/// How the system is.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) up: bool,
    pub(crate) figures: Vec<Figure>,
}

/// One thing that was counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    pub(crate) more: String,
    /// Whether a person should look.
    pub(crate) bad: bool,
}

impl Status {
    /// Looks. The figures are an operator's; without `figures` only who could count is asked.
    pub(crate) async fn read(store: &Store, figures: bool) -> Self {
        let counted = if figures { count(store).await } else { ping(store).await };
        let up = counted.is_ok();
        if let Err(error) = &counted {
            tracing::warn!(%error, "the state of the system cannot be read");
        }
        Self { up, figures: counted.unwrap_or_default() }
    }
}

async fn ping(store: &Store) -> Result<Vec<Figure>, payments::Error> {
    store.db.ping().await?;
    Ok(Vec::new())
}

async fn count(store: &Store) -> Result<Vec<Figure>, payments::Error> {
    let events = inbox::counts(store).await?;
    Ok(vec![of_events(&events), of_jobs(&queue::depths(&store.db).await?)])
}

fn of_events(counts: &[(provider_event::State, i64)]) -> Figure {
    use provider_event::State;
    let count =
        |state| counts.iter().find(|(each, _)| *each == state).map_or(0, |(_, count)| *count);
    let mut more = match counts.iter().map(|(_, count)| count).sum() {
        0_i64 => "none received yet".to_owned(),
        all => format!("of {all} received"),
    };
    let rest = [(State::Ignored, "ignored"), (State::Parked, "parked"), (State::Dead, "dead")];
    for (state, word) in rest {
        let count = count(state);
        if count > 0 {
            more = format!("{more}, {count} {word}");
        }
    }
    let value = format!("{} applied", count(State::Applied));
    Figure { label: "Events", value, more, bad: count(State::Dead) > 0 }
}

fn of_jobs(depths: &[Depth]) -> Figure {
    let count = |state| -> i64 {
        depths.iter().filter(|depth| depth.state == state).map(|depth| depth.jobs).sum()
    };
    let (running, dead) = (count(job::State::Running), count(job::State::Dead));
    Figure {
        label: "Queue",
        value: format!("{} waiting", count(job::State::Queued)),
        more: format!("{running} running, {dead} dead"),
        bad: dead > 0,
    }
}

#[cfg(test)]
mod tests {
    use entities::{Timestamp, job::Lane, provider_event::State};

    use super::*;

    #[test]
    fn events_are_counted_by_what_became_of_them() {
        let figure = of_events(&[(State::Applied, 2), (State::Received, 1), (State::Ignored, 1)]);
        assert_eq!(figure.value, "2 applied");
        assert_eq!(figure.more, "of 4 received, 1 ignored");
        assert!(!figure.bad && of_events(&[(State::Dead, 1)]).bad);
        assert_eq!(of_events(&[]).more, "none received yet");
    }

    #[test]
    fn jobs_are_summed_over_the_lanes() {
        let depth =
            |lane, state, jobs| Depth { lane, state, jobs, oldest: Timestamp::from_seconds(0) };
        let figure = of_jobs(&[
            depth(Lane::Events, job::State::Queued, 2),
            depth(Lane::Mail, job::State::Queued, 3),
            depth(Lane::Mail, job::State::Dead, 1),
        ]);
        assert_eq!(
            (figure.value.as_str(), figure.more.as_str()),
            ("5 waiting", "0 running, 1 dead")
        );
        assert!(figure.bad);
    }
}
