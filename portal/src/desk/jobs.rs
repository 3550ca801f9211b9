//! Jobs and dead letters: looked at, run again, called off; one, or all that match.

use std::sync::Arc;

use entities::{
    JobId,
    job::{Lane, Model, State},
};
use ingress::Role;
use jobs::queue::{self, Filter};
use payments::desk::{
    named,
    work::{self, Wish},
};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters, Form},
    guard::{Deed, Staff},
    list::{PAGE, choices, cut, filled, parsed},
    parts::{Cell, Facts, Verbatim, Ways, address},
    sheet::{After, Sheet},
    words::{ago, count},
};
use crate::{
    Portal,
    message::Failure,
    sign_in::{Nothing, go},
    words,
};

const PATH: &str = "/desk/jobs";

/// States, as people call them.
const STATES: [(&str, &str); 5] = [
    ("queued", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("dead", "Dead"),
    ("cancelled", "Called off"),
];

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    state: String,
    #[serde(default)]
    lane: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    done: String,
}

impl Wanted {
    fn filter(&self) -> Filter {
        let name = filled(&self.name);
        Filter { id: None, name, state: named(&self.state), lane: named(&self.lane) }
    }

    fn query(&self) -> [(&str, &str); 3] {
        [("state", &self.state), ("lane", &self.lane), ("name", &self.name)]
    }
}

/// `GET /desk/jobs`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let filter = wanted.filter();
    let after: Option<JobId> = parsed(&wanted.after);
    let (db, now) = (&portal.store.db, portal.store.clock.now());
    let found = queue::list_after(db, &filter, after, PAGE + 1).await;
    let (found, next) = cut(found.map_err(payments::Error::from)?, PAGE, |job| job.id);
    let lanes = Lane::ALL.map(|lane| (lane.as_str(), lane.as_str()));
    let filters = Filters::new(
        PATH,
        vec![
            Field::choice("state", "State", &wanted.state, choices("All", STATES)),
            Field::choice("lane", "Lane", &wanted.lane, choices("All", lanes)),
            Field::search("name", "Name", &wanted.name),
        ],
    );
    let finished = matches!(filter.state, Some(State::Dead | State::Cancelled));
    let again =
        (finished && !found.is_empty() && staff.has(&[Role::Admin])).then(|| again(&wanted));
    let rows = found.iter().map(|job| row(job, ago(job.created_at, now)));
    let columns = ["Job", "Lane", "State", ">Attempts", "Asked for", "Trouble"];
    let table = super::parts::Table::new(&columns, "No job is like that.").rows(rows);
    Sheet::new(portal, &staff)
        .lead("What outlives the request that asked for it. A dead job waits for a person.")
        .said(&wanted.done, &[("requeued", "They wait again, with all their attempts.")])
        .with(&filters)
        .with_some(again.as_ref())
        .with(&table)
        .with_some(Ways::pages(PATH, &wanted.query(), &wanted.after, next).as_ref())
        .answer()
}

fn again(wanted: &Wanted) -> Ways {
    let href = address("/desk/jobs/requeue", &wanted.query());
    Ways::new(vec![("Run all of these again…".to_owned(), href)])
}

fn row(job: &Model, age: String) -> Vec<Cell> {
    let (tone, name) = state_words(job.state);
    vec![
        Cell::text(&job.name).to(format!("{PATH}/{}", job.id)),
        Cell::text(job.lane.as_str()),
        Cell::tag(tone, name),
        Cell::number(job.attempts.to_string()),
        Cell::number(age),
        Cell::text(job.last_error.as_deref().map(brief).unwrap_or_default()),
    ]
}

/// The beginning of a long text.
fn brief(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where a job is in its life, as a tag.
pub(super) const fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Queued => ("wait", "Waiting"),
        State::Running => ("accent", "Running"),
        State::Done => ("good", "Done"),
        State::Dead => ("bad", "Dead"),
        State::Cancelled => ("", "Called off"),
    }
}

/// `GET /desk/jobs/requeue`: asks once more.
#[handler]
pub(super) async fn ask(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let filter = wanted.filter();
    let number = queue::count(&portal.store.db, &filter).await.map_err(payments::Error::from)?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let which = [&wanted.state, &wanted.lane, &wanted.name].map(String::as_str);
    let which: Vec<&str> = which.into_iter().filter(|word| !word.is_empty()).collect();
    let back = address(PATH, &wanted.query());
    let form = Form::post(&staff, "/desk/jobs/requeue", "Run them again")
        .titled(format!("Run {} again?", count(number, "job", "jobs")))
        .about(format!(
            "All that match now: {}. They wait again with all their attempts. What a job has \
             already done, it does not do twice.",
            which.join(", ")
        ))
        .hidden("state", &wanted.state)
        .hidden("lane", &wanted.lane)
        .hidden("name", &wanted.name)
        .or_back_to(back);
    Sheet::new(portal, &staff).with(&form).answer()
}

/// `POST /desk/jobs/requeue`: all that match run again.
#[handler]
pub(super) async fn requeue_all(
    Deed(staff, wanted): Deed<Wanted>,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    change(portal, &staff, &wanted.filter(), Wish::Requeue).await?;
    let mut query = wanted.query().to_vec();
    // Nothing is dead any more, so that is not what is looked at next.
    query[0].1 = "";
    query.push(("done", "requeued"));
    Ok(go(&address(PATH, &query)))
}

async fn change(
    portal: &Portal,
    staff: &Staff,
    filter: &Filter,
    wish: Wish,
) -> Result<(), Failure> {
    let changed = work::change(&portal.store, filter, wish, &staff.actor()).await?;
    if wish == Wish::Requeue {
        portal.cashier.announce(changed);
    }
    Ok(())
}

/// `GET /desk/jobs/{id}`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Response, Failure> {
    let filter = Filter { id: Some(parsed(&id).ok_or(Failure::NotFound)?), ..Filter::default() };
    let found = queue::list(&portal.store.db, &filter, 1).await.map_err(payments::Error::from)?;
    let job = found.into_iter().next().ok_or(Failure::NotFound)?;
    let facts = Facts::new("", facts(&job));
    let (again, off) = deeds(&staff, &job);
    let trouble = job.last_error.as_deref().map(|error| Verbatim::new("Last trouble", error));
    Sheet::new(portal, &staff)
        .titled(&job.name)
        .said(
            &after.done,
            &[
                ("requeue", "It waits again, with all its attempts."),
                ("cancel", "It is called off."),
            ],
        )
        .with(&facts)
        .with_some(trouble.as_ref())
        .with(&Verbatim::new("What it is about", &job.payload))
        .with_some(again.as_ref())
        .with_some(off.as_ref())
        .answer()
}

fn facts(job: &Model) -> Vec<(&'static str, Cell)> {
    let (tone, name) = state_words(job.state);
    let at = |at: Option<entities::Timestamp>| {
        Cell::number(at.map_or_else(|| "–".to_owned(), words::moment))
    };
    vec![
        ("State", Cell::tag(tone, name)),
        ("Id", Cell::code(job.id.to_string())),
        ("Lane", Cell::text(job.lane.as_str())),
        ("One for each", Cell::code(&job.dedup_key)),
        ("Runs begun", Cell::number(job.attempts.to_string())),
        ("Asked for", at(Some(job.created_at))),
        ("Due", at(Some(job.run_at))),
        ("Ended", at(job.finished_at)),
        ("Worker", Cell::code(job.worker.as_deref().unwrap_or("–"))),
        ("Trace", Cell::code(job.traceparent.as_deref().unwrap_or("–"))),
    ]
}

fn deeds(staff: &Staff, job: &Model) -> (Option<Form>, Option<Form>) {
    let admin = staff.has(&[Role::Admin]);
    let path = format!("{PATH}/{}", job.id);
    let again = matches!(job.state, State::Dead | State::Cancelled) && admin;
    let off = matches!(job.state, State::Dead | State::Queued) && admin;
    let again = again.then(|| {
        Form::post(staff, format!("{path}/requeue"), "Run it again")
            .about("It waits again, with all its attempts.")
    });
    let off = off.then(|| {
        Form::post(staff, format!("{path}/cancel"), "Call it off")
            .about("It will not be run. It can be run again later.")
            .tone("danger")
    });
    (again, off)
}

/// `POST /desk/jobs/{id}/requeue`.
#[handler]
pub(super) async fn requeue(
    Deed(staff, Nothing {}): Deed<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    one(portal, &staff, &id, Wish::Requeue, "requeue").await
}

/// `POST /desk/jobs/{id}/cancel`.
#[handler]
pub(super) async fn cancel(
    Deed(staff, Nothing {}): Deed<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    one(portal, &staff, &id, Wish::Cancel, "cancel").await
}

async fn one(
    portal: &Portal,
    staff: &Staff,
    id: &str,
    wish: Wish,
    done: &str,
) -> Result<Response, Failure> {
    let id: JobId = parsed(id).ok_or(Failure::NotFound)?;
    let filter = Filter { id: Some(id), ..Filter::default() };
    change(portal, staff, &filter, wish).await?;
    Ok(go(&format!("{PATH}/{id}?done={done}")))
}
