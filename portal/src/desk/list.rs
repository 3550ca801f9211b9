//! What lists of the desk have in common: what is asked for in the address, and where a page ends.

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
    mut rows: Vec<T>,
    limit: u64,
    id: impl Fn(&T) -> Id,
) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| id(row).to_string());
    (rows, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_the_next_begins() {
        assert_eq!(cut(vec![1, 2, 3], 2, |row| *row), (vec![1, 2], Some("2".to_owned())));
        assert_eq!(cut(vec![1, 2], 2, |row| *row).1, None);
    }
}
