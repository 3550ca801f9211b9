//! Verifying the audit log: whether anybody meddled with it.

use std::{sync::Arc, time::Duration};

use entities::Timestamp;
use payments::audit::{self, Report};
use poem::{Response, handler, web::Data};

use super::{
    form::Form,
    guard::{Deed, Staff, sentence},
    parts::{Cell, Facts, Note, Table},
    sheet::Sheet,
    words::count,
};
use crate::{Portal, message::Failure, sign_in::Nothing, words};

/// Longest time that somebody waits for the answer: half a million lines or more.
const PATIENCE: Duration = Duration::from_secs(8);

/// The way to it.
pub(super) fn form(staff: &Staff) -> Form {
    Form::post(staff, "/desk/audit/verify", "Verify the log")
        .about(format!(
            "Recomputes the chain of hashes from the first line on, for at most {} seconds. It \
             finds lines that were edited, deleted, swapped or slipped in.",
            PATIENCE.as_secs()
        ))
        .tone("quiet")
}

/// `POST /desk/audit/verify`.
#[handler]
pub(super) async fn run(
    Deed(staff, Nothing {}): Deed<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    let report = audit::verify_within(&portal.store, PATIENCE).await?;
    let sealed_at = audit::sealed_at(&portal.store).await?;
    let problems = (!report.problems.is_empty()).then(|| {
        let rows = report.problems.iter().map(|problem| vec![Cell::text(sentence(problem))]);
        Table::new(&["What does not hold"], "").rows(rows)
    });
    Sheet::new(portal, &staff)
        .with(&verdict(&report))
        .with_some(problems.as_ref())
        .with(&Facts::new("", facts(&report, sealed_at)))
        .with(&form(&staff))
        .answer()
}

fn verdict(report: &Report) -> Note {
    let lines = count(report.lines, "line", "lines");
    if let Some(first) = report.problems.first() {
        return Note::bad(format!(
            "The log was meddled with. The first place: {} Keep the database as it is, and look \
             at a backup.",
            sentence(first)
        ));
    }
    if report.cut_short {
        return Note::wait(format!(
            "The first {lines} are as they were written. Then time was up: nothing is said of \
             later ones. `quittance verify-audit` takes the time it needs, and every night at \
             03:50 UTC the whole log is verified."
        ));
    }
    Note::good(format!("The log is whole: {lines}, each as it was written."))
}

fn facts(report: &Report, sealed_at: Option<Timestamp>) -> Vec<(&'static str, Cell)> {
    let dash = || "–".to_owned();
    let open = if report.cut_short { dash() } else { report.open.to_string() };
    vec![
        ("Lines verified", Cell::number(report.lines.to_string())),
        ("Sealed until", Cell::number(sealed_at.map_or_else(dash, words::moment))),
        (
            "Not sealed yet",
            Cell::number(open).soft("written just now, sealed within half a minute"),
        ),
        (
            "Head",
            Cell::code(report.head.map_or_else(dash, |head| head.to_string()))
                .soft("note it elsewhere: it proves that nothing was cut off later"),
        ),
    ]
}
