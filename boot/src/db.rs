//! Pools, and the only way to begin a transaction that writes.

use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection,
    DatabaseTransaction, DbErr, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use secrecy::{ExposeSecret, SecretString};

use crate::faults;

/// Longest wait for a free connection. Shorter than the 3 s within which a webhook is answered 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(2_500);

/// A connection that rested longer than this is asked whether it still lives before it is used: one
/// that a server or a firewall closed shows by then. Asking every time is a round trip for each
/// statement.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// Nested loops over indexes, whatever the statistics say.
///
/// Statements are planned once for each connection, and the first of them when tables are nearly
/// empty: then reading a whole table looks cheapest, and the plan is kept while the table grows.
/// Every statement of a job or a request finds its rows by a key. Those that do read whole tables,
/// such as the ledger's check, take this back for their transaction.
const BY_INDEX: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];

/// Takes the preference for indexes back until the transaction ends (PostgreSQL only).
pub const WHOLE_TABLES: &str = "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET \
                                LOCAL enable_mergejoin = on";

/// Longest time SQLite waits for another process's write lock.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Readers of an embedded database. Reads are short; more would only cost file handles.
const SQLITE_READERS: u32 = 4;

/// Settings of PostgreSQL without which a commit may be lost.
const DURABLE: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// How hard to lean on the database.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// `sqlite://path/to/file` or `postgres://user:password@host/name`; secret for the password.
    pub url: SecretString,
    /// Most connections this process holds at once (PostgreSQL only).
    pub max_connections: u32,
    /// Longest time PostgreSQL may take for one statement.
    pub statement_timeout: Duration,
}

/// The database of this process.
///
/// SQLite has one writer at a time whatever one does, so one connection writes and its pool is the
/// queue for it: waiting there is fair, while waiting for SQLite's own lock is a poll.
#[derive(Clone, Debug)]
pub struct Db {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
}

impl Db {
    /// Opens the pools and makes sure that what is committed is on disk.
    pub async fn connect(options: &DbOptions) -> Result<Self, DbErr> {
        let url = options.url.expose_secret();
        if url.starts_with("sqlite:") {
            let writer = Database::connect(sqlite(url, 1)).await?;
            let reader = Database::connect(sqlite(url, SQLITE_READERS)).await?;
            let db = Self { writer, reader };
            db.assert_durable_sqlite().await?;
            return Ok(db);
        }
        let pool = Database::connect(postgres(url, options)).await?;
        Ok(Self { writer: pool.clone(), reader: pool })
    }

    /// Which database it is.
    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// For statements that only read.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For single statements that write, and for migrations.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction that may write.
    ///
    /// On SQLite it takes the write lock at once: one that reads first and then wants to write
    /// fails with `SQLITE_BUSY_SNAPSHOT`, and no timeout helps.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            access_mode: Some(AccessMode::ReadWrite),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        match self.backend() {
            DatabaseBackend::Sqlite => {
                let options = TransactionOptions { access_mode: None, ..options };
                self.writer.begin_with_options(options).await
            }
            _ => self.writer.begin().await,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.reader.ping().await
    }

    /// What a crash of the database's machine would lose; `None` if nothing that was committed.
    ///
    /// SQLite is asked when it is opened.
    pub async fn durability_problem(&self) -> Result<Option<String>, DbErr> {
        if self.backend() == DatabaseBackend::Sqlite {
            return Ok(None);
        }
        for setting in DURABLE {
            let statement = Statement::from_string(self.backend(), format!("SHOW {setting}"));
            let row = self.reader.query_one_raw(statement).await?;
            let value: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
            if value.as_deref().is_none_or(|value| value == "off") {
                let problem = format!("{setting} is off, so a crash loses payments; turn it on");
                return Ok(Some(problem));
            }
        }
        Ok(None)
    }

    /// Closes the pools.
    pub async fn close(self) -> Result<(), DbErr> {
        let separate = self.backend() == DatabaseBackend::Sqlite;
        self.writer.close().await?;
        if separate { self.reader.close().await } else { Ok(()) }
    }

    /// Reads back what [`sqlite`] asked for: a file system may refuse WAL without an error.
    async fn assert_durable_sqlite(&self) -> Result<(), DbErr> {
        let journal: String = self.pragma("journal_mode").await?;
        let synchronous: i64 = self.pragma("synchronous").await?;
        let planted = faults::planted("synchronous-normal");
        if journal != "wal" || (synchronous < 2 && !planted) {
            return Err(DbErr::Custom(format!(
                "SQLite runs with journal_mode={journal} and synchronous={synchronous}, where a \
                 power cut loses payments; put the database on a local file system"
            )));
        }
        Ok(())
    }

    async fn pragma<T: sea_orm::TryGetable>(&self, name: &str) -> Result<T, DbErr> {
        let statement = Statement::from_string(DatabaseBackend::Sqlite, format!("PRAGMA {name}"));
        let row = self.writer.query_one_raw(statement).await?;
        row.ok_or_else(|| DbErr::RecordNotFound(format!("PRAGMA {name}")))?.try_get_by_index(0)
    }
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let planted = faults::planted("synchronous-normal");
    let synchronous = if planted { SqliteSynchronous::Normal } else { SqliteSynchronous::Full };
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(synchronous)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
                .foreign_keys(true)
                // What is erased is overwritten, in the page it was in: that is written in any case.
                .pragma("secure_delete", "FAST")
                .pragma("cache_size", "-8000")
        });
    options
}

fn postgres(url: &str, settings: &DbOptions) -> ConnectOptions {
    let statement_timeout = format!("{}ms", settings.statement_timeout.as_millis());
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(settings.max_connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire_if_idle_for(ASK_AFTER)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |options| {
            options.application_name("quittance").options(BY_INDEX).options([
                // A statement is compiled when it looks dear, which every one does that is kept from
                // reading whole tables; compiling takes longer than any of ours runs.
                ("jit", "off"),
                ("statement_timeout", statement_timeout.as_str()),
                ("lock_timeout", "10s"),
                ("idle_in_transaction_session_timeout", "30s"),
                ("synchronous_commit", "on"),
            ])
        });
    options
}
