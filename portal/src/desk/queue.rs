//! Lists that are one of several queues, such as what waits for a decision.

use serde::Deserialize;

use super::{form::Field, list::choices};

/// A queue: its name in the address, in words, and the states it means.
pub(super) type Queue<S> = (&'static str, &'static str, &'static [S]);

/// Which queue is asked for, and where the page begins.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    pub(super) after: String,
}

impl Wanted {
    /// The name of the queue that is asked for: the first of `queues`, unless the address says.
    pub(super) fn name<S>(&self, queues: &[Queue<S>]) -> &str {
        let first = queues.first().map_or("", |(name, ..)| *name);
        self.state.as_deref().unwrap_or(first)
    }

    /// The states it means; none for all.
    pub(super) fn states<S>(&self, queues: &[Queue<S>]) -> &'static [S] {
        let name = self.name(queues);
        queues.iter().find(|(value, ..)| *value == name).map_or(&[], |(.., states)| *states)
    }

    /// The field that chooses among them.
    pub(super) fn field<S>(&self, queues: &[Queue<S>]) -> Field {
        let first = queues.first().map_or("", |(name, ..)| *name);
        let names = queues.iter().map(|(value, name, _)| (*value, *name));
        Field::choice("state", "Which", self.name(queues), choices("All", names)).usually(first)
    }
}
