//! What every scenario starts from: databases, processes, and the load.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use boot::{Clock, Db};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseBackend};
use tempfile::TempDir;
use tokio::time::Instant;

use ::bench::smtp::MailServer;

use crate::{Run, cpu::Trees, events, figures::Figures, load, process::Program, seed};

/// Longest wait for work to be finished once the load is over.
const DRAIN: Duration = Duration::from_mins(10);

/// The bench.
pub(crate) struct Bench {
    /// What was asked.
    pub(crate) run: Run,
    /// What came out.
    pub(crate) figures: Figures,
    /// The bare server's CPU for a thousand events, in seconds; the unit of the targets.
    pub(crate) bare: f64,
}

/// Where a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// PostgreSQL, with Redis for the tickets.
    Postgres,
    /// A file, and tickets in memory.
    Sqlite,
}

/// A database of its own, a mail server, and how the program is started on them.
pub(crate) struct Stage {
    /// How it is started.
    pub(crate) program: Program,
    /// For what the bench itself reads and writes.
    pub(crate) db: Db,
    /// Where receipts go.
    pub(crate) mail: MailServer,
    // Last: everything above has files in it.
    directory: TempDir,
}

impl Bench {
    /// `long`, or `quick` when little time was given.
    pub(crate) fn size(&self, long: usize, quick: usize) -> usize {
        if self.run.quick { quick } else { long }
    }

    /// Sets up what a scenario called `name` needs, with `payments` that wait for their events.
    pub(crate) async fn stage(
        &self,
        name: &str,
        place: Where,
        payments: usize,
    ) -> anyhow::Result<Stage> {
        let directory = TempDir::new()?;
        let mail = MailServer::start(Duration::ZERO).await?;
        let program =
            Program::new(&self.run.quittance, directory.path()).with("SMTP_URL", mail.url());
        let (program, url) = match place {
            Where::Postgres => {
                let url = self.fresh_database(name).await?;
                empty_redis(&self.run.redis).await?;
                (program.with("REDIS_URL", &self.run.redis), url)
            }
            Where::Sqlite => {
                (program, format!("sqlite://{}/quittance.db", directory.path().display()))
            }
        };
        let program = program.with("DATABASE_URL", &url);
        program.call(&["migrate", "up"])?;
        // Any command that opens the store puts the catalogue on sale.
        program.call(&["events"])?;
        let db = seed::open(&url).await?;
        seed::payments(&db, name, payments).await?;
        let stage = Stage { program, db, mail, directory };
        stage.tidied().await?;
        Ok(stage)
    }

    /// The trees of PostgreSQL and Redis.
    pub(crate) fn servers(&self) -> Trees {
        Trees::default().with("PostgreSQL", self.run.postgres_pid).with("Redis", self.run.redis_pid)
    }

    async fn fresh_database(&self, name: &str) -> anyhow::Result<String> {
        let server = &self.run.postgres;
        let admin = Database::connect(ConnectOptions::new(server.clone())).await?;
        let database = format!("bench_{name}");
        let drop = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        admin.execute_unprepared(&drop).await?;
        admin.execute_unprepared(&format!("CREATE DATABASE {database}")).await?;
        admin.close().await?;
        let (server, _) = server.rsplit_once('/').context("the URL names no database")?;
        Ok(format!("{server}/{database}"))
    }
}

impl Stage {
    /// Writes `text` into file `name` of the stage.
    pub(crate) fn file(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// Does what autovacuum does within a minute, or it would come in the middle of a measurement.
    pub(crate) async fn tidied(&self) -> anyhow::Result<()> {
        if self.db.backend() == DatabaseBackend::Postgres {
            self.db.writer().execute_unprepared("VACUUM ANALYZE").await?;
            self.db.writer().execute_unprepared("CHECKPOINT").await?;
        }
        Ok(())
    }

    /// Waits until nothing is left to do, and `mails` were accepted.
    pub(crate) async fn drained(&self, mails: usize) -> anyhow::Result<()> {
        let deadline = Instant::now() + DRAIN;
        loop {
            // The mail server is in this process: asking it costs those who are measured nothing.
            let arrived = self.mail.accepted().0 >= mails;
            if arrived && seed::number(&self.db, OPEN).await? == 0 {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "work was left: {} jobs are open, {:?} of {mails} mails came",
                seed::number(&self.db, OPEN).await?,
                self.mail.accepted()
            );
            tokio::time::sleep(Duration::from_millis(if arrived { 100 } else { 10 })).await;
        }
    }
}

const OPEN: &str = "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')";

/// The requests for `numbers` of `run`, signed now.
pub(crate) fn requests(run: &str, numbers: impl IntoIterator<Item = usize>) -> Arc<Vec<Vec<u8>>> {
    let now = Clock::System.now().seconds();
    Arc::new(numbers.into_iter().map(|number| events::request(run, number, now)).collect())
}

/// [`load::send`] as fast as is answered.
pub(crate) async fn flood(
    target: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    connections: usize,
) -> anyhow::Result<load::Answers> {
    load::send(target, requests, connections, load::Pace::AsFastAsAnswered).await
}

async fn empty_redis(url: &str) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.strip_prefix("redis://").context("a Redis of our own has a plain URL")?;
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.write_all(b"FLUSHALL\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    ensure!(&answer == b"+OK\r\n", "Redis could not be emptied");
    Ok(())
}
