//! What was earned, as a table.

use entities::Money;
use payments::desk::revenue::Earned;

use super::safe;
use crate::Problem;

const HEAD: [&str; 8] =
    ["from", "method", "currency", "payments", "gross", "refunded", "charged_back", "net"];

/// A row for each span of time and way to pay.
pub(super) fn rows(earned: &[Earned]) -> Result<Vec<u8>, Problem> {
    let failed = |error: csv::Error| Problem::Unavailable(error.into());
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(HEAD).map_err(failed)?;
    for row in earned {
        let record = [
            row.start.to_string(),
            safe(&row.method),
            row.gross.currency.code().to_ascii_uppercase(),
            row.payments.to_string(),
            number(&row.gross),
            number(&row.refunded),
            number(&row.charged_back),
            // A number, also below zero: it must not be made a text.
            number(&row.net()),
        ];
        table.write_record(record).map_err(failed)?;
    }
    table.into_inner().map_err(|error| Problem::Unavailable(error.into_error().into()))
}

/// `160.00`.
fn number(money: &Money) -> String {
    money.to_string().split(' ').next().unwrap_or_default().to_owned()
}
