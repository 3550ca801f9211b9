//! The blocklist: to whom nothing is sold, why, and one press to sell again (`AC9.3.5`).

use std::{sync::Arc, time::Duration};

use entities::{BlockId, Timestamp, block};
use payments::{blocklist, desk::named};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Form},
    guard::{Deed, Staff, told},
    list::{PAGE, filled, parsed},
    pages::DECIDES,
    parts::{Cell, Facts, Table, Ways},
    sheet::Sheet,
    words::ago,
};
use crate::{
    Portal,
    message::Failure,
    sign_in::{Nothing, go},
    words,
};

const PATH: &str = "/desk/blocklist";

/// Kinds, as people call them.
const KINDS: [(&str, &str); 4] = [
    ("user", "User: the id your application gave them"),
    ("card", "Card: a payment (txn_…) that was paid with it"),
    ("email_domain", "Mail domain: what follows the @"),
    ("address", "Network: such as 203.0.113.0/24"),
];

/// For how long: days, and in words.
const SPANS: [(&str, &str); 4] =
    [("", "Until it is taken off"), ("1", "A day"), ("30", "30 days"), ("365", "A year")];

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    after: String,
    #[serde(default)]
    done: String,
}

/// `GET /desk/blocklist`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let after: Option<BlockId> = parsed(&wanted.after);
    let page = blocklist::page(&portal.store, false, after, PAGE).await?;
    let now = portal.store.clock.now();
    let columns = ["What", "Which", "Why", "By", "Since", "Until"];
    let rows = page.entries.iter().map(|entry| row(entry, now));
    let table = Table::new(&columns, "Nobody is kept out.").rows(rows);
    let next = page.next.map(|id| id.to_string());
    let mut sheet = Sheet::new(portal, &staff)
        .lead("Nothing is sold to who is here. They are told no more than that.")
        .said(
            &wanted.done,
            &[("add", "From now on nothing is sold there."), ("remove", "It is taken off.")],
        )
        .with(&table)
        .with_some(Ways::pages(PATH, &[], &wanted.after, next).as_ref());
    if staff.has(DECIDES) {
        sheet = sheet.with(&add_form(&staff));
    }
    sheet.answer()
}

fn row(entry: &block::Model, now: Timestamp) -> Vec<Cell> {
    let until = entry.expires_at.map_or_else(|| "–".to_owned(), |until| ago(until, now));
    vec![
        Cell::text(kind_words(entry.kind)).to(format!("{PATH}/{}", entry.id)),
        Cell::code(value(entry)),
        Cell::text(&entry.reason),
        Cell::text(&entry.added_by),
        Cell::number(ago(entry.created_at, now)),
        Cell::number(until),
    ]
}

const fn kind_words(kind: block::Kind) -> &'static str {
    match kind {
        block::Kind::User => "User",
        block::Kind::Card => "Card",
        block::Kind::EmailDomain => "Mail domain",
        block::Kind::Address => "Network",
    }
}

/// A card is a keyed hash, of which the beginning tells it apart.
fn value(entry: &block::Model) -> String {
    match entry.kind {
        block::Kind::Card => entry.value.chars().take(12).collect(),
        block::Kind::User | block::Kind::EmailDomain | block::Kind::Address => entry.value.clone(),
    }
}

fn add_form(staff: &Staff) -> Form {
    let owned = |(value, name): (&str, &str)| (value.to_owned(), name.to_owned());
    Form::post(staff, PATH, "Keep out")
        .titled("Keep somebody out")
        .field(Field::choice("kind", "What", "user", KINDS.map(owned)))
        .field(Field::line("value", "Which", "").required())
        .field(Field::line("reason", "Why", "").required().hint("For the next person."))
        .field(Field::choice("days", "For how long", "", SPANS.map(owned)))
        .tone("danger")
}

/// An entry, as the form sends it.
#[derive(Deserialize)]
pub(super) struct Wish {
    kind: String,
    value: String,
    reason: String,
    #[serde(default)]
    days: String,
}

/// `POST /desk/blocklist`.
#[handler]
pub(super) async fn add(
    Deed(staff, wish): Deed<Wish>,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    let days = filled(&wish.days).and_then(|days| days.parse::<u64>().ok());
    let end = days.map(|days| portal.store.clock.now() + Duration::from_hours(24) * days32(days));
    let kind: block::Kind = named(&wish.kind).ok_or(Failure::NotFound)?;
    let by = staff.user_ref();
    let added = blocklist::add(&portal.store, by, kind, &wish.value, &wish.reason, end).await;
    added.map_err(|error| told(error, PATH))?;
    Ok(go(&format!("{PATH}?done=add")))
}

fn days32(days: u64) -> u32 {
    u32::try_from(days).unwrap_or(3_650).min(3_650)
}

/// `GET /desk/blocklist/{id}`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: BlockId = parsed(&id).ok_or(Failure::NotFound)?;
    let entry = blocklist::find(&portal.store, id).await?.ok_or(Failure::NotFound)?;
    let at = |at: Option<Timestamp>| Cell::number(at.map_or_else(|| "–".to_owned(), words::moment));
    let case = entry.review_id.map_or_else(
        || Cell::text("–"),
        |id| Cell::text("Look").to(format!("/desk/reviews/{id}")).hear("at the case"),
    );
    let facts = Facts::new(
        "",
        vec![
            ("What", Cell::text(kind_words(entry.kind))),
            ("Which", Cell::code(value(&entry))),
            ("Why", Cell::text(&entry.reason)),
            ("Case", case),
            ("Added", at(Some(entry.created_at)).soft(format!("by {}", entry.added_by))),
            ("Ends", at(entry.expires_at)),
            ("Taken off", at(entry.removed_at).soft(entry.removed_by.clone().unwrap_or_default())),
        ],
    );
    let form = (entry.removed_at.is_none() && staff.has(DECIDES)).then(|| {
        Form::post(&staff, format!("{PATH}/{id}/remove"), "Take it off")
            .about("With a user, the flag of their account is taken off, too.")
    });
    Sheet::new(portal, &staff).with(&facts).with_some(form.as_ref()).answer()
}

/// `POST /desk/blocklist/{id}/remove`.
#[handler]
pub(super) async fn remove(
    Deed(staff, Nothing {}): Deed<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: BlockId = parsed(&id).ok_or(Failure::NotFound)?;
    let removed = blocklist::remove(&portal.store, staff.user_ref(), id).await;
    removed.map_err(|error| told(error, PATH))?.ok_or(Failure::NotFound)?;
    Ok(go(&format!("{PATH}?done=remove")))
}
