//! What lists of the desk have in common: what is asked for in the address, and where a page ends.

use entities::Timestamp;
use payments::page;
use time::{Date, Duration, Time, format_description::well_known::Iso8601};

/// Rows on a page.
pub(super) const PAGE: u64 = 30;

/// `word` as an id or a number, if it is one.
pub(super) fn parsed<T: std::str::FromStr>(word: &str) -> Option<T> {
    word.trim().parse().ok()
}

/// `text`, if there is any.
pub(super) fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The first moment of the day `2026-11-21`, UTC.
pub(super) fn day(text: &str) -> Option<Timestamp> {
    Some(midnight(Date::parse(text.trim(), &Iso8601::DATE).ok()?))
}

/// The first moment after the day `2026-11-21`, UTC.
pub(super) fn day_after(text: &str) -> Option<Timestamp> {
    let date = Date::parse(text.trim(), &Iso8601::DATE).ok()?;
    Some(midnight(date.checked_add(Duration::days(1))?))
}

fn midnight(date: Date) -> Timestamp {
    Timestamp::from_seconds(date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp())
}

/// The amount in minor units that a person wrote as `64`, `64.5` or `64.50`, in a currency that is
/// written with `decimals`; `None` if it is none.
pub(super) fn minor(text: &str, decimals: u16) -> Option<i64> {
    let text = text.trim().trim_start_matches(['$', '€', '£', '¥']).replace(',', "");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let decimals = usize::from(decimals);
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || part.len() > decimals || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}

/// The values and names of a choice, with one that chooses nothing, called `all`, before them.
pub(super) fn choices<'a>(
    all: &'a str,
    names: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<(String, String)> {
    let owned = |(value, name): (&str, &str)| (value.to_owned(), name.to_owned());
    std::iter::once(("", all)).chain(names).map(owned).collect()
}

/// At most `limit` of `rows`, and the id of the last if there were more.
pub(super) fn cut<T, Id: ToString>(
    rows: Vec<T>,
    limit: u64,
    id: impl Fn(&T) -> Id,
) -> (Vec<T>, Option<String>) {
    let (rows, next) = page::cut(rows, limit, id);
    (rows, next.map(|id| id.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_nonsense_is_none() {
        let (from, to) = (day("2026-11-21").unwrap(), day_after("2026-11-21").unwrap());
        assert_eq!(to.since(from).as_secs(), 86_400);
        for nonsense in ["", "x", "2026-13-01", "2026-11", "+10000000-01-01"] {
            assert!(day(nonsense).is_none(), "{nonsense}");
        }
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, minor_units) in
            [("64", 6_400), ("64.5", 6_450), ("$1,064.05", 106_405), ("0.01", 1)]
        {
            assert_eq!(minor(text, 2), Some(minor_units), "{text}");
        }
        for text in ["", ".5", "-1", "1.234", "1e3", "x", "1.2.3", "99999999999999999999"] {
            assert_eq!(minor(text, 2), None, "{text}");
        }
        assert_eq!((minor("500", 0), minor("500.0", 0)), (Some(500), None));
    }

    #[test]
    fn a_page_ends_where_the_next_begins() {
        assert_eq!(cut(vec![1, 2, 3], 2, |row| *row), (vec![1, 2], Some("2".to_owned())));
        assert_eq!(cut(vec![1, 2], 2, |row| *row).1, None);
    }
}
