//! Pauses: what stands still, why, and one press to let it go on.

use std::{sync::Arc, time::Duration};

use entities::{
    Timestamp,
    control::{Model, State},
};
use ingress::Role;
use payments::controls::{self, SCOPES};
use poem::{
    Response, handler,
    web::{Data, Query},
};
use serde::Deserialize;

use super::{
    dashboard::stands,
    form::{Field, Form},
    guard::{Deed, Staff, told},
    list::{choices, filled},
    parts::{Cell, Table},
    sheet::{After, Sheet},
    words::ago,
};
use crate::{Portal, message::Failure, sign_in::go, words};

const PATH: &str = "/desk/controls";

const COLUMNS: [&str; 6] = ["Scope", "State", "Why", "By", "Since", "Until"];

/// What stands still when a scope is paused.
const ABOUT: [(&str, &str); 6] = [
    ("all", "everything that jobs do"),
    ("events", "applying what providers told: no credits are granted"),
    ("money", "calls to providers: refunds, look-ups"),
    ("refunds", "sending money back: refunds, accepting disputes; everything else goes on"),
    ("mail", "mails"),
    ("upkeep", "everything periodic: reconciliation, checks"),
];

/// For how long: minutes, and in words.
const SPANS: [(&str, &str); 4] =
    [("10", "10 minutes"), ("60", "an hour"), ("1440", "a day"), ("", "until it is let go on")];

/// `GET /desk/controls`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(after): Query<After>,
) -> Result<Response, Failure> {
    let now = portal.store.clock.now();
    let known = controls::list(&portal.store).await?;
    let find = |scope: &str| known.iter().find(|control| control.scope == scope);
    let rows = SCOPES.map(|scope| row(scope, find(scope), now));
    let table = Table::new(&COLUMNS, "").rows(rows);
    let mut sheet = Sheet::new(portal, &staff)
        .lead("What is paused is not lost: jobs wait. Webhooks are always taken.")
        .said(&after.done, &[("pause", "It stands still."), ("resume", "It goes on.")])
        .with(&table);
    if staff.has(&[Role::Admin]) {
        for control in known.iter().filter(|control| stands(control, now)) {
            sheet = sheet.with(&resume_form(&staff, control));
        }
        sheet = sheet.with(&pause_form(&staff));
    }
    sheet.answer()
}

fn row(scope: &str, control: Option<&Model>, now: Timestamp) -> Vec<Cell> {
    let about = ABOUT.iter().find(|(name, _)| *name == scope).map_or("", |(_, about)| about);
    let scope = Cell::text(scope).soft(about);
    let Some(control) = control else {
        let mut cells = vec![scope, Cell::tag("good", "Working")];
        cells.resize(COLUMNS.len(), Cell::default());
        return cells;
    };
    let paused = stands(control, now);
    let until = control.until.filter(|_| paused);
    vec![
        scope,
        if paused { Cell::tag("wait", "Paused") } else { Cell::tag("good", "Working") },
        Cell::text(&control.reason),
        Cell::text(&control.set_by),
        Cell::number(words::moment(control.updated_at)),
        Cell::number(until.map_or_else(String::new, |until| ago(until, now))),
    ]
}

fn pause_form(staff: &Staff) -> Form {
    let scopes =
        ABOUT.iter().rev().map(|(scope, about)| ((*scope).to_owned(), format!("{scope}: {about}")));
    let spans = SPANS.iter().map(|(value, name)| ((*value).to_owned(), (*name).to_owned()));
    Form::post(staff, "/desk/controls/pause", "Pause")
        .titled("Pause something")
        .field(Field::choice("scope", "What", "mail", scopes))
        .field(Field::choice("minutes", "For how long", "60", spans))
        .field(reason())
        .tone("danger")
}

fn resume_form(staff: &Staff, control: &Model) -> Form {
    let titles = choices("", ABOUT);
    let about = titles.into_iter().find(|(scope, _)| *scope == control.scope);
    Form::post(staff, "/desk/controls/resume", format!("Let {} go on", control.scope))
        .titled(format!("{} stands still", control.scope))
        .about(about.map(|(_, about)| format!("It holds up {about}.")).unwrap_or_default())
        .hidden("scope", &control.scope)
        .field(reason())
}

fn reason() -> Field {
    Field::line("reason", "Why", "").required().hint("For the next person, and for the audit log.")
}

/// What is to be set.
#[derive(Deserialize)]
pub(super) struct Setting {
    scope: String,
    reason: String,
    #[serde(default)]
    minutes: String,
}

/// `POST /desk/controls/pause`.
#[handler]
pub(super) async fn pause(
    Deed(staff, setting): Deed<Setting>,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    let minutes = filled(&setting.minutes).map(|minutes| minutes.parse::<u32>());
    let minutes = minutes.transpose().map_err(|_| refused("Say for how many minutes."))?;
    let span = minutes.map(|minutes| Duration::from_mins(u64::from(minutes)));
    let until = span.map(|span| portal.store.clock.now() + span);
    set(portal, &staff, &setting, State::Paused, until).await?;
    Ok(go(&format!("{PATH}?done=pause")))
}

/// `POST /desk/controls/resume`.
#[handler]
pub(super) async fn resume(
    Deed(staff, setting): Deed<Setting>,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    set(portal, &staff, &setting, State::Running, None).await?;
    Ok(go(&format!("{PATH}?done=resume")))
}

async fn set(
    portal: &Portal,
    staff: &Staff,
    setting: &Setting,
    state: State,
    until: Option<Timestamp>,
) -> Result<(), Failure> {
    let Setting { scope, reason, .. } = setting;
    let reason = filled(reason).ok_or_else(|| refused("Say why, for the next person."))?;
    let set = controls::set(&portal.store, scope, state, &reason, &staff.actor(), until).await;
    set.map_err(|error| told(error, PATH))
}

fn refused(text: &str) -> Failure {
    Failure::Refused { text: text.to_owned(), back: PATH.to_owned() }
}
