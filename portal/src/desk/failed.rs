//! Payments that came to nothing, and why (`AC9.6.3`).

use std::sync::Arc;

use entities::{PaymentId, payment::Status};
use payments::desk::transactions::{self, Filter};
use poem::{
    Response, handler,
    web::{Data, Query},
};

use super::{
    form::{Field, Filters},
    guard::Staff,
    list::{PAGE, choices, cut, parsed},
    parts::{Table, Ways},
    sheet::Sheet,
    transactions::{Wanted, providers, reason, row},
};
use crate::{Portal, message::Failure};

const PATH: &str = "/desk/failed";

/// `GET /desk/failed`: payments that came to nothing, and why.
#[handler]
pub(super) async fn list(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let after: Option<PaymentId> = parsed(&wanted.after);
    let filter = Filter {
        statuses: vec![Status::Failed, Status::Canceled, Status::Blocked],
        ..wanted.filter()
    };
    let found = transactions::list(&portal.store, &filter, after, PAGE + 1).await?;
    let (found, next) = cut(found, PAGE, |entry| entry.payment.id);
    let filters = Filters::new(
        PATH,
        vec![
            Field::choice("provider", "Provider", &wanted.provider, choices("All", providers())),
            Field::line("user", "User", &wanted.user),
            Field::day("from", "From", &wanted.from),
            Field::day("to", "To", &wanted.to),
        ],
    );
    let columns = ["When", "Payment", "User", "Why", "Status", ">Amount"];
    let rows = found.iter().map(|entry| {
        let mut row = row(entry);
        row[3] = reason(entry);
        row
    });
    let table = Table::new(&columns, "No payment failed.").rows(rows);
    Sheet::new(portal, &staff)
        .lead("Only the payer can try again. What the provider knows by now can be asked for.")
        .with(&filters)
        .with(&table)
        .with_some(Ways::pages(PATH, &wanted.query(), &wanted.after, next).as_ref())
        .answer()
}
