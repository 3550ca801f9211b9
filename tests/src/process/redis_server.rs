use std::{path::Path, process::Command};

use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use rustix::process::Signal;
use tempfile::TempDir;

use super::{PATIENCE, Running, free_port, within};

/// A Redis of a test's own, durable and never evicting as in production.
#[derive(Debug)]
pub struct RedisServer {
    running: Running,
    directory: TempDir,
    port: u16,
}

impl RedisServer {
    /// Starts it empty.
    pub async fn start() -> Self {
        let (directory, port) = (TempDir::new().unwrap(), free_port());
        let running = Running::spawn(command(directory.path(), port), &log(&directory));
        let server = Self { running, directory, port };
        server.ready().await;
        server
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it again, with what it had written to disk.
    pub async fn start_again(&mut self) {
        self.running.start_again();
        self.ready().await;
    }

    /// Starts it again without anything.
    pub async fn start_empty(&mut self) {
        let _ = std::fs::remove_dir_all(self.directory.path().join("appendonlydir"));
        self.start_again().await;
    }

    /// Stops it from answering, though it lives; until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.running.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.running.signal(Signal::CONT);
    }

    /// A connection to it.
    pub async fn connection(&self) -> MultiplexedConnection {
        let client = Client::open(self.url()).unwrap();
        // The client's own half a second is too short for a busy machine.
        let patient = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        client.get_multiplexed_async_connection_with_config(&patient).await.unwrap()
    }

    /// Does `command`, words separated by spaces.
    pub async fn command(&self, command: &str) {
        let mut words = command.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        command.query_async::<redis::Value>(&mut self.connection().await).await.unwrap();
    }

    /// How often `command` was called since the server began.
    pub async fn calls(&self, command: &str) -> usize {
        let stats: String = redis::cmd("INFO")
            .arg("commandstats")
            .query_async(&mut self.connection().await)
            .await
            .unwrap();
        let counted = |line: &str| {
            let line = line.strip_prefix("cmdstat_")?.strip_prefix(command)?;
            line.strip_prefix(":calls=")?.split(',').next()?.parse().ok()
        };
        stats.lines().find_map(counted).unwrap_or(0)
    }

    async fn ready(&self) {
        let client = Client::open(self.url()).unwrap();
        let answers = within(PATIENCE, async || {
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
                return false;
            };
            redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
        });
        assert!(answers.await, "Redis did not start: {}", self.running.log());
    }
}

fn log(directory: &TempDir) -> std::path::PathBuf {
    directory.path().join("log")
}

fn command(directory: &Path, port: u16) -> Command {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--daemonize", "no"]);
    command.arg("--dir").arg(directory);
    command.args(["--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]);
    command
}
