//! One look at a provider's side: how far it has come, and each gap.

use std::sync::Arc;

use entities::{
    GapId, Provider, ReconciliationId, Timestamp, provider_event,
    reconciliation::{Model, State},
    reconciliation_gap::{self, Kind},
};
use payments::{
    controls,
    reconciliations::{self, Found},
};
use poem::{
    Response, handler,
    http::{HeaderValue, header},
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{PATH, state_words, subject};
use crate::{
    Portal,
    desk::{
        dashboard::stands,
        events,
        guard::{Staff, sentence},
        list::{PAGE, parsed},
        parts::{Cell, Facts, Note, Progress, Table, Ways},
        sheet::Sheet,
        transactions::providers,
        words::{count, span},
    },
    message::Failure,
    words,
};

/// In how many seconds the page of a run that is not over looks again.
const AGAIN: HeaderValue = HeaderValue::from_static("2");

/// What stands in the address.
#[derive(Deserialize)]
pub(in crate::desk) struct Place {
    #[serde(default)]
    after: String,
}

/// `GET /desk/reconciliation/{id}`.
#[handler]
pub(in crate::desk) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(place): Query<Place>,
) -> Result<Response, Failure> {
    let store = &portal.store;
    let id: ReconciliationId = parsed(&id).ok_or(Failure::NotFound)?;
    let found = reconciliations::find(store, id).await?.ok_or(Failure::NotFound)?;
    let after: Option<GapId> = parsed(&place.after);
    let gaps = reconciliations::gaps(store, id, after, PAGE).await?;
    let next = gaps.next.map(|id| id.to_string());
    let columns = ["What was missing", "It says", "Happened", ">Found after", "Now"];
    let table = Table::new(&columns, nothing(found.run.state))
        .titled("Gaps")
        .rows(gaps.items.iter().map(|(gap, state)| row(gap, *state)));
    let mut answer = Sheet::new(portal, &staff)
        .titled(format!("What {} knows", provider_name(found.run.provider)))
        .with(&verdict(&found, paused(portal).await?))
        .with_some(progress(&found.run).as_ref())
        .with(&table)
        .with_some(Ways::pages(&format!("{PATH}/{id}"), &[], &place.after, next).as_ref())
        .with(&Facts::new("", facts(&found)))
        .answer()?;
    if matches!(found.run.state, State::Waiting | State::Running) {
        answer.headers_mut().insert(header::REFRESH, AGAIN);
    }
    Ok(answer)
}

fn provider_name(provider: Provider) -> &'static str {
    let mut names = providers().into_iter();
    names.find(|(word, _)| *word == provider.as_str()).map_or("the provider", |(_, name)| name)
}

/// Whether runs stand still.
async fn paused(portal: &Portal) -> Result<bool, Failure> {
    let now = portal.store.clock.now();
    let controls = controls::list(&portal.store).await?;
    let mut ours = controls.iter().filter(|it| matches!(it.scope.as_str(), "upkeep" | "all"));
    Ok(ours.any(|control| stands(control, now)))
}

const fn nothing(state: State) -> &'static str {
    match state {
        State::Waiting | State::Running => "None so far.",
        State::Done => "Nothing was missing.",
        State::Failed => "None until it broke off.",
    }
}

fn verdict(found: &Found, paused: bool) -> Note {
    let run = &found.run;
    let looked_at = format!(
        "{} and {} were looked at",
        count(run.events, "event", "events"),
        count(run.payments, "payment", "payments")
    );
    match (run.state, found.gaps) {
        (State::Waiting, _) if paused => {
            Note::wait("Upkeep is paused: it begins when that goes on.")
        }
        (State::Waiting, _) => {
            Note::wait("It waits for a worker. This page looks again every two seconds.")
        }
        (State::Running, gaps) => Note::wait(format!(
            "It is at work: so far {looked_at}, and {} healed. This page looks again every two \
             seconds.",
            count(gaps, "gap was", "gaps were")
        )),
        (State::Done, 0) => Note::good(format!("{looked_at}. Nothing was missing.")),
        (State::Done, gaps) => Note::good(format!(
            "{looked_at}. {} found, and fetched or brought up to date.",
            count(gaps, "gap was", "gaps were")
        )),
        (State::Failed, _) => {
            let why = run.error.as_deref().map(sentence).unwrap_or_default();
            Note::bad(format!("It broke off: {why} What was healed until then stays healed."))
        }
    }
}

/// How much of a span of time is behind a run that is at work: events come newest first.
fn progress(run: &Model) -> Option<Progress> {
    let (since, until, reached) = (run.since?, run.until?, run.reached?);
    if run.state != State::Running {
        return None;
    }
    let text = format!("Events down to {}, of those since {}", moment(reached), moment(since));
    let (done, whole) = (until.since(reached).as_secs(), until.since(since).as_secs());
    Some(Progress::new(text, done, whole))
}

fn moment(at: Timestamp) -> String {
    words::moment(at)
}

fn facts(found: &Found) -> Vec<(&'static str, Cell)> {
    let run = &found.run;
    let (tone, name) = state_words(run.state);
    let at = |at: Option<Timestamp>| Cell::number(at.map_or_else(|| "–".to_owned(), moment));
    let mut facts = vec![
        ("State", Cell::tag(tone, name)),
        ("What", subject(run)),
        ("By", Cell::text(&run.asked_by)),
        ("Asked for", at(Some(run.created_at))),
        ("Begun", at(run.started_at)),
        ("Ended", at(run.finished_at)),
        ("Id", Cell::code(run.id.to_string())),
    ];
    if let Some(id) = run.payment_id {
        facts.push(("Payment", Cell::text("Its story").to(format!("/desk/payments/{id}"))));
    }
    facts
}

fn row(gap: &reconciliation_gap::Model, state: Option<provider_event::State>) -> Vec<Cell> {
    let what = match gap.kind {
        Kind::Event => "An event",
        Kind::Payment => "A payment's end",
        Kind::Refund => "A refund's end",
        Kind::Dispute => "A dispute's progress",
    };
    let what = match (gap.event_id, gap.payment_id) {
        (Some(id), _) if state.is_some() => Cell::text(what).to(format!("/desk/events/{id}")),
        (_, Some(id)) => Cell::text(what).to(format!("/desk/payments/{id}")),
        _ => Cell::text(what),
    };
    let now = match (gap.kind, state) {
        (Kind::Event, Some(state)) => {
            let (tone, name) = events::state_words(state);
            Cell::tag(tone, name)
        }
        (Kind::Event, None) => Cell::text("no longer kept"),
        (Kind::Payment | Kind::Refund | Kind::Dispute, _) => {
            Cell::tag("good", "brought up to date")
        }
    };
    vec![
        what.soft(&gap.reference),
        Cell::text(&gap.what),
        Cell::number(moment(gap.occurred_at)),
        Cell::number(span(gap.found_at.since(gap.occurred_at))),
        now,
    ]
}
