//! Where a page of a list ends.

/// At most `limit` of `rows`, of which one more was read, and the id of the last of them if there are
/// more: what the next page comes after.
pub fn cut<T, Id>(mut rows: Vec<T>, limit: u64, id: impl Fn(&T) -> Id) -> (Vec<T>, Option<Id>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(id);
    (rows, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_comes_after_the_last_row_if_there_are_more() {
        assert_eq!(cut(vec![1, 2, 3], 2, |row| *row), (vec![1, 2], Some(2)));
        assert_eq!(cut(vec![1, 2], 2, |row| *row), (vec![1, 2], None));
        assert_eq!(cut(Vec::<i32>::new(), 2, |row| *row), (Vec::new(), None));
    }
}
