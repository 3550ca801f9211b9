//! Balances that are changed by hand: asked for on a user's page, approved by an admin.

use std::sync::Arc;

use entities::{
    AdjustmentId, CustomerId,
    adjustment::{Model, State},
    customer,
};
use payments::{
    Error,
    adjustments::{self, Asker, Wish},
    core::adjustments::NotAdjusted,
    desk::{named, people},
};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters, Form},
    guard::{Deed, Looked, Staff, sentence, told},
    list::{PAGE, choices, parsed},
    pages::RUNS,
    parts::{Cell, Facts, Note, Table, Ways},
    sheet::Sheet,
};
use crate::{Portal, message::Failure, sign_in::go, words};

const PATH: &str = "/desk/adjustments";

/// States, as people call them.
const STATES: [(&str, &str); 3] =
    [("waiting", "Waiting"), ("applied", "Done"), ("refused", "Refused")];

/// What stands in the address of the list.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

/// `GET /desk/adjustments`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let states: Vec<State> = named(&wanted.state).into_iter().collect();
    let after: Option<AdjustmentId> = parsed(&wanted.after);
    let found = adjustments::page(&portal.store, &states, after, PAGE).await?;
    let field = Field::choice("state", "State", &wanted.state, choices("All", STATES));
    let rows = found.adjustments.iter().map(|(row, owner)| {
        let mut cells = cells(row);
        cells.insert(1, Cell::text(&owner.user_ref));
        cells
    });
    let columns = ["Asked for", "User", ">Credits", "State", "By", "Decided by"];
    let next = found.next.map(|id| id.to_string());
    Sheet::new(portal, &staff)
        .lead("Credits that were given or taken by hand. They are asked for on a user's page.")
        .with(&Filters::new(PATH, vec![field]))
        .with(&Table::new(&columns, "No change is like that.").rows(rows))
        .with_some(Ways::pages(PATH, &[("state", &wanted.state)], &wanted.after, next).as_ref())
        .answer()
}

/// The changes of one user's balance; nothing if there are none.
pub(super) fn table(rows: &[Model]) -> Option<Table> {
    let columns = ["Asked for", ">Credits", "State", "By", "Decided by"];
    let table = Table::new(&columns, "").titled("Changed by hand").rows(rows.iter().map(cells));
    (!rows.is_empty()).then_some(table)
}

fn cells(row: &Model) -> Vec<Cell> {
    let (tone, name) = state_words(row.state);
    vec![
        Cell::number(words::moment(row.created_at)).to(format!("{PATH}/{}", row.id)),
        Cell::number(format!("{:+}", row.credits)),
        Cell::tag(tone, name),
        Cell::text(&row.asked_by),
        Cell::text(row.decided_by.as_deref().unwrap_or("–")),
    ]
}

const fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Waiting => ("wait", "Waiting"),
        State::Applied => ("good", "Done"),
        State::Refused => ("", "Refused"),
    }
}

/// Asks for a change of the balance of `customer`.
pub(super) fn form(portal: &Portal, staff: &Staff, customer: &customer::Model) -> Form {
    let about = match portal.adjustments.two_people_above {
        _ if !staff.has(RUNS) => "An admin has to approve it.".to_owned(),
        Some(limit) => format!(
            "Above {}, with all you have changed alone in 24 hours, another admin has to approve it.",
            words::credits(limit)
        ),
        None => "It is done at once.".to_owned(),
    };
    Form::post(staff, format!("/desk/users/{}/credits", customer.id), "Change the balance")
        .titled("Change the balance by hand")
        .about(about)
        .anew("reference", format!("desk-{}", AdjustmentId::new()))
        .field(
            Field::line("credits", "Credits", "")
                .required()
                .hint("10 gives ten, -10 takes ten, as far as they are available."),
        )
        .field(Field::lines("why", "Reason", "").required().hint("For the audit, not the user."))
}

/// A change, as the form sends it.
#[derive(Deserialize)]
pub(super) struct Change {
    credits: String,
    why: String,
    reference: String,
}

/// `POST /desk/users/{id}/credits`.
#[handler]
pub(super) async fn change(
    Deed(staff, form): Deed<Change>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let back = format!("/desk/users/{id}");
    staff.just_signed_in(portal, &back)?;
    let id: CustomerId = parsed(&id).ok_or(Failure::NotFound)?;
    let person = people::find(&portal.store, id).await?.ok_or(Failure::NotFound)?;
    let text = "Write how many credits, such as 10 or -10.".to_owned();
    let credits: i64 = parsed(form.credits.trim().trim_start_matches('+'))
        .ok_or_else(|| Failure::Refused { text, back: back.clone() })?;
    let asker = Asker { user_ref: staff.user_ref(), is_admin: staff.has(RUNS) };
    let wish = Wish {
        user_ref: &person.customer.user_ref,
        credits,
        reason: &form.why,
        reference: &form.reference,
    };
    let found = adjustments::ask(&portal.store, asker, wish, &portal.adjustments).await;
    let (row, enqueued) = found.map_err(|error| told(error, &back))?.ok_or(Failure::NotFound)?;
    portal.cashier.announce(enqueued);
    Ok(go(&format!("{PATH}/{}", row.id)))
}

/// `GET /desk/adjustments/{id}`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: AdjustmentId = parsed(&id).ok_or(Failure::NotFound)?;
    let found = adjustments::find(&portal.store, id).await?;
    let (row, owner) = found.ok_or(Failure::NotFound)?;
    let reason = adjustments::reason(&portal.store, &row)?;
    let facts = Facts::new("", facts(&row, &owner, reason));
    let mut sheet = Sheet::new(portal, &staff)
        .titled(format!("{:+} credits for {}", row.credits, owner.user_ref))
        .with(&facts);
    if row.state == State::Waiting {
        let own = row.asked_by == staff.user_ref();
        sheet = match (staff.has(RUNS), own) {
            (false, _) => sheet.with(&Note::wait("An admin has to approve it.")),
            (true, false) if owner.closed_at.is_some() => sheet
                .with(&Note::wait(sentence(&Error::Closed.to_string())))
                .with(&decision(&staff, &row, "refuse", "Refuse", "danger")),
            (true, true) => sheet
                .with(&Note::wait(sentence(&NotAdjusted::Own.to_string())))
                .with(&decision(&staff, &row, "refuse", "Take it back", "quiet")),
            (true, false) => sheet
                .with(
                    &decision(&staff, &row, "approve", "Approve", "")
                        .about("The balance changes at once."),
                )
                .with(
                    &decision(&staff, &row, "refuse", "Refuse", "danger")
                        .about("The balance stays as it is."),
                ),
        };
    }
    sheet.answer()
}

fn facts(
    row: &Model,
    owner: &customer::Model,
    reason: Option<String>,
) -> Vec<(&'static str, Cell)> {
    let (tone, name) = state_words(row.state);
    let user = Cell::text(&owner.user_ref).to(format!("/desk/users/{}", owner.id));
    let mut facts = vec![
        ("State", Cell::tag(tone, name)),
        ("User", user),
        ("Credits", Cell::number(format!("{:+}", row.credits))),
        ("Reason", Cell::text(reason.unwrap_or_else(|| "(erased)".to_owned()))),
        ("Asked by", Cell::text(&row.asked_by).soft(words::moment(row.created_at))),
    ];
    if let (Some(by), Some(at)) = (&row.decided_by, row.decided_at) {
        facts.push(("Decided by", Cell::text(by).soft(words::moment(at))));
    }
    facts
}

fn decision(staff: &Staff, row: &Model, verb: &str, button: &str, tone: &'static str) -> Form {
    Form::post(staff, format!("{PATH}/{}/{verb}", row.id), button)
        .anew("version", row.version.to_string())
        .tone(tone)
}

/// `POST /desk/adjustments/{id}/approve`.
#[handler]
pub(super) async fn approve(
    Deed(staff, looked): Deed<Looked>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    staff.just_signed_in(portal, &format!("{PATH}/{id}"))?;
    decide(portal, &staff, (&id, &looked.version), true).await
}

/// `POST /desk/adjustments/{id}/refuse`.
#[handler]
pub(super) async fn refuse(
    Deed(staff, looked): Deed<Looked>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    decide(portal, &staff, (&id, &looked.version), false).await
}

async fn decide(
    portal: &Portal,
    staff: &Staff,
    (id, version): (&str, &str),
    approves: bool,
) -> Result<Response, Failure> {
    let back = format!("{PATH}/{id}");
    let (id, reviewer) = (parsed(id).ok_or(Failure::NotFound)?, staff.reviewer(version)?);
    let decided = adjustments::decide(&portal.store, reviewer, id, approves).await;
    decided.map_err(|error| told(error, &back))?.ok_or(Failure::NotFound)?;
    Ok(go(&back))
}
