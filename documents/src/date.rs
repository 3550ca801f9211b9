use entities::Timestamp;
use time::{format_description::BorrowedFormatItem, macros::format_description};

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");

const DAY: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year]");

/// The day of `at` as people write it.
pub(crate) fn day(at: Timestamp) -> Result<String, time::error::Format> {
    at.datetime().format(DAY)
}

/// `at` as people write it.
pub(crate) fn date(at: Timestamp) -> Result<String, time::error::Format> {
    at.datetime().format(FORMAT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_its_month_in_words() {
        let at = Timestamp::from_seconds(1_700_000_000);
        assert_eq!(date(at).unwrap(), "14 November 2023, 22:13 UTC");
    }
}
