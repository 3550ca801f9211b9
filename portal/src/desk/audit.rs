//! The audit log: who did what to what.

use std::sync::Arc;

use entities::{AuditId, audit_log::Model};
use payments::desk::records::{self, Filter};
use poem::{
    Response, handler,
    web::{Data, Query},
};
use serde::Deserialize;

use super::{
    form::{Field, Filters},
    guard::Staff,
    list::{PAGE, cut, day, day_after, filled, parsed},
    parts::{Cell, Table, Ways},
    sheet::Sheet,
};
use crate::{Portal, message::Failure, words};

const PATH: &str = "/desk/audit";

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    after: String,
}

impl Wanted {
    fn query(&self) -> [(&str, &str); 5] {
        [
            ("actor", &self.actor),
            ("action", &self.action),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }
}

/// `GET /desk/audit`.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let filter = Filter {
        actor: filled(&wanted.actor),
        action: filled(&wanted.action),
        subject: filled(&wanted.subject),
        from: day(&wanted.from),
        before: day_after(&wanted.to),
    };
    let after: Option<AuditId> = parsed(&wanted.after);
    let found = records::list(&portal.store, &filter, after, PAGE + 1).await?;
    let (found, next) = cut(found, PAGE, |line| line.id);
    let filters = Filters::new(
        PATH,
        vec![
            Field::search("actor", "Who", &wanted.actor),
            Field::search("action", "What", &wanted.action),
            Field::search("subject", "To what (an id)", &wanted.subject),
            Field::day("from", "From", &wanted.from),
            Field::day("to", "To", &wanted.to),
        ],
    );
    let columns = ["When", "Who", "What", "To what", "Before", "After"];
    Sheet::new(portal, &staff)
        .lead("Who did what. Nothing here can be changed.")
        .with(&super::verify::form(&staff))
        .with(&filters)
        .with(&Table::new(&columns, "Nothing is like that.").rows(found.iter().map(row)))
        .with_some(Ways::pages(PATH, &wanted.query(), &wanted.after, next).as_ref())
        .answer()
}

fn row(line: &Model) -> Vec<Cell> {
    let text = |text: &Option<String>| Cell::long(text.as_deref().unwrap_or_default());
    vec![
        Cell::number(words::moment(line.at)),
        Cell::text(&line.actor),
        Cell::text(&line.action),
        subject(&line.subject),
        text(&line.before),
        text(&line.after),
    ]
}

/// An id that leads to its page, where there is one.
fn subject(id: &str) -> Cell {
    let cell = Cell::code(id);
    let page = match id.split_once('_').map(|(prefix, _)| prefix) {
        Some("txn") => "payments",
        Some("job") => "jobs",
        Some("wev") => "events",
        Some("cust") => "users",
        Some("rec") => "reconciliation",
        Some("rev") => "reviews",
        Some("ref") => "refunds",
        Some("blk") => "blocklist",
        _ => return cell,
    };
    cell.to(format!("/desk/{page}/{id}"))
}
