//! Sets of rows as one parameter list, alike on both databases.
//!
//! A statement that handles many rows begins with a common table expression `v`:
//! on PostgreSQL one array per column, so that its text never changes and it is planned once; on
//! SQLite, which has no arrays, a list of values.

mod writes;

pub use writes::{Table, WriteError, Writes};

use std::fmt::Write;

use sea_orm::{
    DatabaseBackend, Statement, Value,
    sea_query::{ArrayType, ValueType},
};
use uuid::Uuid;

/// What a column of `v` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A UUID.
    Uuid,
    /// A 64-bit integer, also for times.
    Int,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A truth value.
    Bool,
}

/// One column of `v`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    name: &'static str,
    kind: Type,
    nullable: bool,
}

/// A column that always has a value.
pub const fn col(name: &'static str, kind: Type) -> Column {
    Column { name, kind, nullable: false }
}

/// A column that may be `NULL`. An empty text, the nil UUID and `i64::MIN` are `NULL` too.
pub const fn nullable(name: &'static str, kind: Type) -> Column {
    Column { name, kind, nullable: true }
}

/// The rows of `v`.
#[derive(Clone, Debug)]
pub struct Rows {
    columns: &'static [Column],
    cells: Vec<Vec<Value>>,
}

impl Rows {
    /// No rows yet.
    pub fn new(columns: &'static [Column]) -> Self {
        Self { columns, cells: vec![Vec::new(); columns.len()] }
    }

    /// Adds a row: a value for each column, in order.
    pub fn push<const N: usize>(&mut self, row: [Value; N]) {
        assert_eq!(N, self.columns.len(), "a row has a value for each column");
        for (cells, value) in self.cells.iter_mut().zip(row) {
            cells.push(value);
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.cells.first().map_or(0, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The statement `WITH v(…) AS (these rows) body`; in `body`, the placeholders `?1`,
    /// `?2`, … stand for `more` on both databases.
    pub fn statement(self, backend: DatabaseBackend, body: &str, more: Vec<Value>) -> Statement {
        let mut text = Text::new(backend);
        self.append(&mut text, body, more);
        text.statement()
    }

    /// Appends this to `text`.
    fn append(self, text: &mut Text, body: &str, more: Vec<Value>) {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        let names = names.join(", ");
        let _ = write!(text.sql, "WITH v({names}) AS (");
        match text.backend {
            DatabaseBackend::Postgres => self.arrays(text, &names),
            _ => self.list(text),
        }
        text.sql.push_str(") ");
        text.append(body, more);
    }

    /// One array for each column, written so that PostgreSQL always expects one row: it cannot look
    /// through `OFFSET 0` at how long the arrays are, and the limit, which is none, it takes for a tenth.
    ///
    /// For one row its plan is to look others up by their keys, which is right for any number of rows.
    /// For the number there is, it would read a table that looks small from one end to the other for
    /// each of them; and it would plan anew each time, as a plan for any number looked dearer.
    fn arrays(self, Text { sql, values, .. }: &mut Text, names: &str) {
        let selected: Vec<String> = self.columns.iter().map(Column::selected).collect();
        let _ = write!(sql, "SELECT {} FROM (SELECT ", selected.join(", "));
        let mut arrays = String::with_capacity(8 * self.columns.len());
        for (index, (column, cells)) in self.columns.iter().zip(self.cells).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let cells = cells.into_iter().map(|value| column.kind.or_sentinel(value)).collect();
            values.push(Value::Array(column.kind.array(), Some(Box::new(cells))));
            let _ =
                write!(sql, "{comma}${}::{}[] AS a{index}", values.len(), column.kind.postgres());
            let _ = write!(arrays, "{comma}a{index}");
        }
        let _ = write!(
            sql,
            " OFFSET 0) AS a, unnest({arrays}) AS u({names}) LIMIT (SELECT NULL::bigint)"
        );
    }

    fn list(self, Text { sql, values, .. }: &mut Text) {
        let (rows, width) = (self.len(), self.columns.len());
        if rows == 0 {
            let nulls = vec!["NULL"; width].join(", ");
            let _ = write!(sql, "SELECT {nulls} WHERE false");
            return;
        }
        sql.push_str("VALUES ");
        let mut columns: Vec<_> = self.cells.into_iter().map(Vec::into_iter).collect();
        values.reserve(rows * width);
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for (index, column) in columns.iter_mut().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                values.extend(column.next());
                // Without its number: SQLite would keep each as a name, and sqlx looks through all
                // names for every value.
                sql.push_str(comma);
                sql.push('?');
            }
            sql.push(')');
        }
    }
}

/// A statement on its way to the database: its text so far, and the values of its placeholders.
struct Text {
    backend: DatabaseBackend,
    sql: String,
    values: Vec<Value>,
}

impl Text {
    fn new(backend: DatabaseBackend) -> Self {
        Self { backend, sql: String::with_capacity(512), values: Vec::new() }
    }

    fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.sql, self.values)
    }

    /// Appends `body`, its placeholders `?1`, `?2`, … standing for `more`, written as the database
    /// wants them and moved past the values before them.
    fn append(&mut self, body: &str, more: Vec<Value>) {
        let sigil = if self.backend == DatabaseBackend::Postgres { '$' } else { '?' };
        let first = self.values.len();
        let mut rest = body;
        while let Some(at) = rest.find('?') {
            self.sql.push_str(&rest[..at]);
            let digits = rest[at + 1..].chars().take_while(char::is_ascii_digit).count();
            let number: usize =
                rest[at + 1..=at + digits].parse().expect("a placeholder is ? and a number");
            let _ = write!(self.sql, "{sigil}{}", first + number);
            rest = &rest[at + 1 + digits..];
        }
        self.sql.push_str(rest);
        self.values.extend(more);
    }
}

/// A statement without rows of its own, its placeholders written `?1`, `?2`, … on both databases.
pub fn statement(backend: DatabaseBackend, body: &str, values: Vec<Value>) -> Statement {
    let mut text = Text::new(backend);
    text.append(body, values);
    text.statement()
}

impl Column {
    fn selected(&self) -> String {
        let name = self.name;
        match (self.nullable, self.kind) {
            (false, _) | (true, Type::Bool) => name.to_owned(),
            (true, Type::Uuid) => format!("NULLIF({name}, '{}'::uuid)", Uuid::nil()),
            (true, Type::Int) => format!("NULLIF({name}, ({})::bigint)", i64::MIN),
            (true, Type::Text) => format!("NULLIF({name}, '')"),
            (true, Type::Bytes) => format!("NULLIF({name}, ''::bytea)"),
        }
    }
}

impl Type {
    const fn postgres(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
            Self::Bool => "boolean",
        }
    }

    fn array(self) -> ArrayType {
        match self {
            Self::Uuid => Uuid::array_type(),
            Self::Int => i64::array_type(),
            Self::Text => String::array_type(),
            Self::Bytes => ArrayType::Bytes,
            Self::Bool => bool::array_type(),
        }
    }

    /// `value`, or what stands for `NULL` in an array: they cannot hold one.
    fn or_sentinel(self, value: Value) -> Value {
        match (self, value) {
            (Self::Uuid, Value::Uuid(None)) => Uuid::nil().into(),
            (Self::Int, Value::BigInt(None)) => i64::MIN.into(),
            (Self::Text, Value::String(None)) => String::new().into(),
            (Self::Bytes, Value::Bytes(None)) => Vec::<u8>::new().into(),
            (_, value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[col("id", Type::Int), nullable("note", Type::Text)];

    fn rows() -> Rows {
        let mut rows = Rows::new(COLUMNS);
        rows.push([1_i64.into(), "a".into()]);
        rows.push([2_i64.into(), Option::<String>::None.into()]);
        rows
    }

    #[test]
    fn postgresql_gets_one_array_for_each_column() {
        let statement = rows().statement(
            DatabaseBackend::Postgres,
            "UPDATE t SET note = v.note, at = ?1 FROM v WHERE t.id = v.id",
            vec![7_i64.into()],
        );
        assert_eq!(
            statement.sql,
            "WITH v(id, note) AS (SELECT id, NULLIF(note, '') FROM (SELECT $1::bigint[] AS a0, \
             $2::text[] AS a1 OFFSET 0) AS a, unnest(a0, a1) AS u(id, note) LIMIT (SELECT \
             NULL::bigint)) UPDATE t SET note = v.note, at = $3 FROM v WHERE t.id = v.id"
        );
        assert_eq!(statement.values.expect("it has values").0.len(), 3);
    }

    #[test]
    fn sqlite_gets_a_list_of_values() {
        let statement =
            rows().statement(DatabaseBackend::Sqlite, "SELECT ?1, v.id FROM v", vec![7_i64.into()]);
        assert_eq!(
            statement.sql,
            "WITH v(id, note) AS (VALUES (?, ?), (?, ?)) SELECT ?5, v.id FROM v"
        );
        assert_eq!(statement.values.expect("it has values").0.len(), 5);
    }
}
