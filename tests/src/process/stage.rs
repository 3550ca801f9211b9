use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use boot::{Clock, Db, db::DbOptions, sql};
use payments::{Store, vault::Vault};
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use super::{PATIENCE, Postgres, Program, RedisServer, Role, free_port, trust::trusted};

/// What the stage's processes encrypt with, in hexadecimal.
pub const MASTER_KEY: &str = "9f3b6a5c1d0e4f728396a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f1";

/// What the host application of the stage signs tokens with.
pub const JWT_SECRET: &str = "c7a1f0d94b3e4a5f8e6d2b1c0a9f8e7d6c5b4a39";

/// Longest time for a command that is not a server.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// Where processes of the program run together: a database, a directory, the same secrets.
#[derive(Debug)]
pub struct Stage {
    directory: TempDir,
    environment: BTreeMap<String, String>,
    database: String,
    port: u16,
}

impl Stage {
    /// Over the embedded database, in a directory of its own.
    pub fn embedded() -> Self {
        let directory = TempDir::new().unwrap();
        let database = format!("sqlite://{}/quittance.db", directory.path().display());
        Self::over(directory, database)
    }

    /// Over a new database of `server`.
    pub async fn on(server: &Postgres) -> Self {
        let name = format!("stage_{}", entities::JobId::new().uuid().simple());
        let database = server.create(&name).await;
        Self::over(TempDir::new().unwrap(), database)
    }

    /// Over the database at `url`.
    pub fn over_database(url: &str) -> Self {
        Self::over(TempDir::new().unwrap(), url.to_owned())
    }

    fn over(directory: TempDir, database: String) -> Self {
        let port = free_port();
        let mut stage = Self { directory, environment: BTreeMap::new(), database, port };
        let data = stage.path("data");
        stage.set("DATABASE_URL", &stage.database.clone());
        stage.set("LISTEN_ADDR", &format!("127.0.0.1:{port}"));
        stage.set("DATA_DIR", &data.display().to_string());
        stage.set("STRIPE_WEBHOOK_SECRET", crate::SECRET);
        stage.set("JWT_SECRET", JWT_SECRET);
        stage.set("QUITTANCE_MASTER_KEY", MASTER_KEY);
        stage.set("ADMIN_EMAIL", "admin@example.com");
        stage.set("RUST_BACKTRACE", "0");
        stage.set("SSL_CERT_FILE", &trusted(stage.directory()).display().to_string());
        stage
    }

    /// With `redis` as the carrier of tickets.
    #[must_use]
    pub fn carried_by(mut self, redis: &RedisServer) -> Self {
        self.set("REDIS_URL", &redis.url());
        self
    }

    /// Tells all processes that start from now on `name`.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// What processes are told as `name`.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    /// No longer tells them `name`.
    pub fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// From now on the embedded database is in `directory`.
    pub fn move_database(&mut self, directory: &Path) {
        self.database = format!("sqlite://{}/quittance.db", directory.display());
        self.set("DATABASE_URL", &self.database.clone());
    }

    /// Gives them `toml` as their settings file.
    pub fn settings(&mut self, toml: &str) {
        let file = self.path("settings.toml");
        std::fs::write(&file, toml).unwrap();
        self.set("CONFIG", &file.display().to_string());
    }

    /// `name` in the stage's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where the processes write: logs, mails, and the database if it is embedded.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where the database is, by way of `port`.
    pub fn database_through(&self, port: u16) -> String {
        let mut url: url::Url = self.database.parse().unwrap();
        url.set_port(Some(port)).unwrap();
        url.into()
    }

    /// Where the database is.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The program, about to be run with `arguments`; it sees nothing of our own environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).env_clear().envs(&self.environment);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.directory.path()).current_dir(self.directory.path());
        command
    }

    /// Runs the program with `arguments` to its end, which must not be long in coming.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > ENDS_WITHIN {
                child.kill().unwrap();
                let output = child.wait_with_output().unwrap();
                panic!("{command:?} does not end: {}", String::from_utf8_lossy(&output.stderr));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait_with_output().unwrap()
    }

    /// Starts a process and waits until it is ready.
    pub async fn start(&self, role: Role, name: &str) -> Program {
        self.start_with(role, name, &[]).await
    }

    /// Starts a process that is told `more` than the others.
    pub async fn start_with(&self, role: Role, name: &str, more: &[(&str, &str)]) -> Program {
        let mut program = self.spawn(role, name, more);
        program.ready().await;
        program
    }

    /// Starts a process, and does not wait.
    pub fn spawn(&self, role: Role, name: &str, more: &[(&str, &str)]) -> Program {
        let arguments: &[&str] = match role {
            Role::Both => &[],
            Role::Ingress => &["ingress"],
            Role::Worker => &["worker"],
        };
        let mut command = self.command(arguments);
        command.envs(more.iter().copied());
        let listen = more.iter().find(|(name, _)| *name == "LISTEN_ADDR");
        let port = listen.and_then(|(_, address)| address.rsplit(':').next()?.parse().ok());
        let log = self.path(&format!("{name}.log"));
        Program::spawn(command, &log, role, port.unwrap_or(self.port))
    }

    /// Our own way to the database, which a process has brought up to date.
    pub async fn store(&self) -> Store {
        let options = DbOptions {
            url: self.database.clone().into(),
            max_connections: 4,
            statement_timeout: Duration::from_secs(30),
        };
        let mut key = [0; 32];
        hex::decode_to_slice(MASTER_KEY, &mut key).unwrap();
        let begun = Instant::now();
        loop {
            // A machine on which everything starts at once may take its time.
            match open(&options, &key).await {
                Ok(store) => return store,
                Err(error) if begun.elapsed() > PATIENCE => panic!("{error:?}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}

async fn open(options: &DbOptions, key: &[u8; 32]) -> Result<Store, payments::Error> {
    let db = Db::connect(options).await?;
    let vault = Vault::open(&db, key, Clock::System.now()).await?;
    Ok(Store { db, vault, clock: Clock::System })
}

/// How many rows `what` has: a table, and a condition if need be. `None` if nobody answers.
pub async fn count(store: &Store, what: &str) -> Option<i64> {
    let text = format!("SELECT COUNT(*) AS n FROM {what}");
    let statement = sql::statement(store.db.backend(), &text, Vec::new());
    let row = store.db.reader().query_one_raw(statement).await.ok()??;
    row.try_get("", "n").ok()
}

/// The mails in `directory`, which is made for the first of them; not what is still being written.
pub fn mails(directory: &Path) -> Vec<PathBuf> {
    let files = match std::fs::read_dir(directory) {
        Ok(files) => files.map(|file| file.unwrap().path()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => panic!("{}: {error}", directory.display()),
    };
    files.filter(|file| file.extension().is_some_and(|it| it == "eml")).collect()
}

/// The program under test.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("QUITTANCE_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().unwrap();
    let mut candidates = own.ancestors().skip(1).take(2).map(|it| it.join("quittance"));
    let found = candidates.find(|path| path.is_file());
    found.expect("there is no quittance beside this test; run: cargo build --workspace")
}
