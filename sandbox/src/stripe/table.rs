//! Objects in the order they were made.

use std::collections::{BTreeMap, HashMap};

/// Objects by id, oldest first; the oldest give way once there are too many.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: BTreeMap<u64, (String, T)>,
    places: HashMap<String, u64>,
    next: u64,
    limit: usize,
}

impl<T> Table<T> {
    /// An empty table that holds at most `limit` objects.
    pub(crate) fn new(limit: usize) -> Self {
        Self { rows: BTreeMap::new(), places: HashMap::new(), next: 0, limit }
    }

    /// Adds an object, or replaces the one of this id.
    pub(crate) fn insert(&mut self, id: impl Into<String>, object: T) {
        let id = id.into();
        let place = *self.places.entry(id.clone()).or_insert(self.next);
        self.next += 1;
        self.rows.insert(place, (id, object));
        while self.rows.len() > self.limit {
            if let Some((_, (oldest, _))) = self.rows.pop_first() {
                self.places.remove(&oldest);
            }
        }
    }

    /// Takes an object out.
    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let place = self.places.remove(id)?;
        self.rows.remove(&place).map(|(_, object)| object)
    }

    /// The object of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.places.get(id)?).map(|(_, object)| object)
    }

    /// The object of this id, to change it.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.places.get(id)?).map(|(_, object)| object)
    }

    /// Where the object of this id stands.
    pub(crate) fn place(&self, id: &str) -> Option<u64> {
        self.places.get(id).copied()
    }

    /// Every object, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values().map(|(_, object)| object)
    }

    /// Those older than `place` (all, without one), newest first.
    pub(crate) fn before(&self, place: Option<u64>) -> impl Iterator<Item = &T> {
        let end = place.unwrap_or(u64::MAX);
        self.rows.range(..end).rev().map(|(_, (_, object))| object)
    }

    /// Those newer than `place`, oldest first.
    pub(crate) fn after(&self, place: u64) -> impl Iterator<Item = &T> {
        self.rows.range(place.saturating_add(1)..).map(|(_, (_, object))| object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_give_way() {
        let mut table = Table::new(2);
        for id in ["a", "b", "c"] {
            table.insert(id, id);
        }
        assert_eq!(table.get("a"), None);
        assert_eq!(table.iter().copied().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(table.before(table.place("c")).copied().collect::<Vec<_>>(), ["b"]);
        assert_eq!(table.after(table.place("b").unwrap()).copied().collect::<Vec<_>>(), ["c"]);
    }
}
