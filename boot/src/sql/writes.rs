use std::{borrow::Cow, fmt::Write};

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement, Value};

use super::{Rows, Text};

/// Statements that write, and are sent together: on PostgreSQL as one, so that what a transaction has
/// to say last takes one turn on the network; on SQLite, which has no network, one after the other.
///
/// No two of them may write the same row, and none sees what another has written, but by
/// [`Table`]: PostgreSQL runs all of them over what was there before.
#[derive(Debug, Default)]
#[must_use = "nothing is written before it is executed"]
pub struct Writes {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// `None` for a statement without rows of its own.
    rows: Option<Rows>,
    body: Cow<'static, str>,
    more: Vec<Value>,
    /// How many rows it has to write.
    wanted: Option<u64>,
    /// What others may read of the rows it has written.
    returning: &'static str,
}

/// What a statement among [`Writes`] has written, for those after it.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    name: &'static str,
    part: usize,
}

impl Table {
    /// What to call it in a later statement. It has the rows that were written; on SQLite, all others
    /// of the table too.
    pub fn name(self, backend: DatabaseBackend) -> String {
        match backend {
            DatabaseBackend::Postgres => format!("w{}", self.part),
            _ => self.name.to_owned(),
        }
    }
}

/// Why statements were not written. The transaction is to be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The database's own trouble.
    #[error("the database failed")]
    Db(#[from] DbErr),
    /// Rows that had to be written were no longer as they have to be.
    #[error("{written} of {wanted} rows could be written")]
    Missed {
        /// How many had to be.
        wanted: u64,
        /// How many were.
        written: u64,
    },
}

impl From<WriteError> for DbErr {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Db(error) => error,
            WriteError::Missed { .. } => Self::RecordNotUpdated,
        }
    }
}

impl Writes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `WITH v(…) AS (rows) body`, unless there are no rows.
    pub fn add(&mut self, rows: Rows, body: impl Into<Cow<'static, str>>, more: Vec<Value>) {
        self.push(Part::of(Some(rows), body.into(), more));
    }

    /// Adds the same, which has to write a row for each of `rows`: otherwise nothing is to be written,
    /// and [`execute`](Self::execute) fails.
    pub fn add_all(&mut self, rows: Rows, body: &'static str, more: Vec<Value>) {
        let wanted = Some(rows.len() as u64);
        self.push(Part { wanted, ..Part::of(Some(rows), body.into(), more) });
    }

    /// Adds `body`, which writes to the table `name`, with `rows` if it has any of its own; of what it
    /// writes later statements may read `column`.
    pub fn add_table(
        &mut self,
        (name, column): (&'static str, &'static str),
        rows: Option<Rows>,
        body: &'static str,
        more: Vec<Value>,
    ) -> Table {
        assert!(rows.as_ref().is_none_or(|rows| !rows.is_empty()), "there is something to write");
        let table = Table { name, part: self.parts.len() };
        self.push(Part { returning: column, ..Part::of(rows, body.into(), more) });
        table
    }

    fn push(&mut self, part: Part) {
        if part.rows.as_ref().is_none_or(|rows| !rows.is_empty()) {
            self.parts.push(part);
        }
    }

    /// Sends all there are, and says how many rows each has written.
    pub async fn execute(self, connection: &impl ConnectionTrait) -> Result<Vec<u64>, WriteError> {
        let backend = connection.get_database_backend();
        let wanted: Vec<Option<u64>> = self.parts.iter().map(|part| part.wanted).collect();
        let written = match backend {
            DatabaseBackend::Postgres if wanted.len() > 1 => self.at_once(connection).await?,
            _ => self.in_turn(connection).await?,
        };
        for (wanted, written) in wanted.into_iter().zip(&written) {
            if let Some(wanted) = wanted.filter(|wanted| wanted != written) {
                return Err(WriteError::Missed { wanted, written: *written });
            }
        }
        Ok(written)
    }

    async fn in_turn(self, connection: &impl ConnectionTrait) -> Result<Vec<u64>, DbErr> {
        let backend = connection.get_database_backend();
        let mut written = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            let mut text = Text::new(backend);
            part.append(&mut text);
            written.push(connection.execute_raw(text.statement()).await?.rows_affected());
        }
        Ok(written)
    }

    async fn at_once(self, connection: &impl ConnectionTrait) -> Result<Vec<u64>, DbErr> {
        let count = self.parts.len();
        let statement = self.joined(connection.get_database_backend());
        let row = connection.query_one_raw(statement).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("what was written".to_owned()))?;
        let written = |part| row.try_get_by_index::<i64>(part).map(i64::unsigned_abs);
        (0..count).map(written).collect()
    }

    /// One common table expression for each, and a row of how many rows they have written.
    fn joined(self, backend: DatabaseBackend) -> Statement {
        let mut text = Text::new(backend);
        let count = self.parts.len();
        for (index, part) in self.parts.into_iter().enumerate() {
            let before = if index == 0 { "WITH" } else { "," };
            let _ = write!(text.sql, "{before} w{index} AS (");
            let returning = part.returning;
            part.append(&mut text);
            let _ = write!(text.sql, " RETURNING {returning})");
        }
        for index in 0..count {
            let before = if index == 0 { " SELECT" } else { "," };
            let _ = write!(text.sql, "{before} (SELECT COUNT(*) FROM w{index})");
        }
        text.statement()
    }
}

impl Part {
    fn of(rows: Option<Rows>, body: Cow<'static, str>, more: Vec<Value>) -> Self {
        Self { rows, body, more, wanted: None, returning: "1" }
    }

    fn append(self, text: &mut Text) {
        match self.rows {
            Some(rows) => rows.append(text, &self.body, self.more),
            None => text.append(&self.body, self.more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Column, Type, col};

    const IDS: &[Column] = &[col("id", Type::Int)];

    fn rows(ids: &[i64]) -> Rows {
        let mut rows = Rows::new(IDS);
        for id in ids {
            rows.push([(*id).into()]);
        }
        rows
    }

    #[test]
    fn postgresql_gets_all_of_them_in_one_statement() {
        let mut writes = Writes::new();
        let more = vec!["x".into()];
        let series =
            writes.add_table(("s", "last"), None, "UPDATE s SET last = 1 WHERE k = ?1", more);
        writes.add(rows(&[]), "DELETE FROM t USING v WHERE t.id = v.id", Vec::new());
        let body = format!(
            "INSERT INTO t SELECT v.id, s.last, ?1 FROM v, {} s",
            series.name(DatabaseBackend::Postgres)
        );
        writes.add(rows(&[1, 2]), body, vec![7_i64.into()]);
        let statement = writes.joined(DatabaseBackend::Postgres);
        assert_eq!(
            statement.sql,
            "WITH w0 AS (UPDATE s SET last = 1 WHERE k = $1 RETURNING last), w1 AS (WITH v(id) AS \
             (SELECT id FROM (SELECT $2::bigint[] AS a0 OFFSET 0) AS a, unnest(a0) AS u(id) LIMIT \
             (SELECT NULL::bigint)) INSERT INTO t SELECT v.id, s.last, $3 FROM v, w0 s RETURNING 1) \
             SELECT (SELECT COUNT(*) FROM w0), (SELECT COUNT(*) FROM w1)"
        );
        assert_eq!(statement.values.expect("it has values").0.len(), 3);
    }
}
