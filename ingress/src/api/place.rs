//! Where in a list a client is, and which states it is of.

use sea_orm::ActiveEnum;
use serde::Deserialize;

use crate::Problem;

/// Items on a page unless asked otherwise.
const PAGE: u64 = 20;

/// Most items on a page.
const MOST: u64 = 100;

/// What lists that wait for a person take.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<u64>,
}

impl Place {
    /// The states that are asked for, separated by commas; none for all.
    pub(super) fn states<S: ActiveEnum<Value = String>>(&self) -> Result<Vec<S>, Problem> {
        let words = self.status.iter().flat_map(|list| list.split(','));
        let state = |word: &str| {
            S::try_from_value(&word.trim().to_owned())
                .map_err(|_| malformed("status is one or more of ours, separated by commas"))
        };
        words.map(state).collect()
    }

    /// What the page comes after.
    pub(super) fn after<T: std::str::FromStr>(&self) -> Result<Option<T>, Problem> {
        cursor(self.cursor.as_deref())
    }

    /// How long the page is.
    pub(super) fn limit(&self) -> Result<u64, Problem> {
        limit(self.limit)
    }
}

/// The place in a list that a client was told.
pub(super) fn cursor<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, Problem> {
    let read = |text: &str| text.parse().map_err(|_| malformed("cursor is a nextCursor of ours"));
    text.map(read).transpose()
}

/// How many items a client wants.
pub(super) fn limit(wish: Option<u64>) -> Result<u64, Problem> {
    match wish {
        None => Ok(PAGE),
        Some(limit @ 1..=MOST) => Ok(limit),
        Some(_) => Err(malformed("limit is a number from 1 to 100")),
    }
}

/// Something in the query is not what it should be.
pub(super) fn malformed(detail: &str) -> Problem {
    Problem::Malformed(detail.to_owned())
}
