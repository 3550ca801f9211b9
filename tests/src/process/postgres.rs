use std::{
    fs::Permissions,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use tempfile::TempDir;

use super::{PATIENCE, Running, free_port, within};

/// What the server's log says of a client that went away in the middle of a transaction.
const DIED_INSIDE: &str = "unexpected EOF on client connection with an open transaction";

/// How long one question takes at most whether it answers.
const ASKS_FOR: Duration = Duration::from_millis(500);

/// A PostgreSQL of a test's own, as durable as in production.
#[derive(Debug)]
pub struct Postgres {
    running: Running,
    port: u16,
    directory: TempDir,
}

impl Postgres {
    /// Makes a new cluster and starts it.
    pub async fn start() -> Self {
        let (directory, port) = (TempDir::new().unwrap(), free_port());
        // The server may run as another user, who has to pass through here.
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o711)).unwrap();
        let data = directory.path().join("data");
        initialise(&data);
        let mut server = program("postgres");
        server.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k", ""]);
        server.args(["-N", "500"]).current_dir("/");
        let running = Running::spawn(server, &directory.path().join("log"));
        let mut postgres = Self { running, port, directory };
        postgres.ready().await;
        postgres
    }

    /// Where its database `name` is.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes a database, and says where it is.
    pub async fn create(&self, name: &str) -> String {
        let admin = Database::connect(ConnectOptions::new(self.url("postgres"))).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        self.url(name)
    }

    /// Makes a database that is a copy of `template`, which nobody may be using; says where it is.
    pub async fn copy(&self, template: &str, name: &str) -> String {
        let admin = Database::connect(ConnectOptions::new(self.url("postgres"))).await.unwrap();
        let copy = format!("CREATE DATABASE {name} TEMPLATE {template}");
        admin.execute_unprepared(&copy).await.unwrap();
        admin.close().await.unwrap();
        self.url(name)
    }

    /// Ends it as a power failure would, though what the kernel has stays.
    pub fn kill(&mut self) {
        let family = self.family();
        self.running.kill();
        // They would end by themselves, some time.
        signal_all(&family, Signal::KILL);
    }

    /// Starts it again, and waits until it has recovered.
    pub async fn start_again(&mut self) {
        self.running.start_again();
        self.ready().await;
    }

    /// Stops it from answering, though it lives; until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.running.signal(Signal::STOP);
        signal_all(&self.family(), Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        signal_all(&self.family(), Signal::CONT);
        self.running.signal(Signal::CONT);
    }

    /// How many clients have gone in the middle of a transaction.
    pub fn deaths_in_transaction(&self) -> usize {
        self.running.log().matches(DIED_INSIDE).count()
    }

    /// Where it keeps its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    async fn ready(&mut self) {
        let url = self.url("postgres");
        let answers = within(PATIENCE, async || {
            if self.running.exit().is_some() {
                // Parts of the one before still hold its memory.
                self.running.start_again();
            }
            let mut options = ConnectOptions::new(url.clone());
            // While nobody listens, a pool asks again for as long as it may.
            options.max_connections(1).acquire_timeout(ASKS_FOR);
            let Ok(connection) = Database::connect(options).await else { return false };
            connection.close().await.is_ok()
        });
        assert!(answers.await, "PostgreSQL did not start: {}", self.running.log());
    }

    /// The processes it has started.
    fn family(&self) -> Vec<Pid> {
        let parent = self.running.id().to_string();
        let is_child = |pid: &i32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // Behind the name, which may hold anything: state, then the parent.
            let after = stat.rsplit_once(')').map(|(_, after)| after).unwrap_or_default();
            after.split_whitespace().nth(1) == Some(&parent)
        };
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(is_child).filter_map(Pid::from_raw).collect()
    }
}

fn signal_all(family: &[Pid], signal: Signal) {
    for pid in family {
        let _ = kill_process(*pid, signal);
    }
}

/// Makes what `initdb` makes; a copy, where `TEST_POSTGRES_TEMPLATE` says what of, takes a fraction of
/// the time.
fn initialise(data: &Path) {
    if let Some(template) = std::env::var_os("TEST_POSTGRES_TEMPLATE") {
        let copied = Command::new("cp").arg("-a").arg(&template).arg(data).status().unwrap();
        assert!(copied.success(), "{} cannot be copied", template.display());
        return;
    }
    std::fs::create_dir(data).unwrap();
    std::fs::set_permissions(data, Permissions::from_mode(0o700)).unwrap();
    if let Some(user) = other_user() {
        chown(data, Some(user), None).unwrap();
    }
    let mut initdb = program("initdb");
    initdb.arg("-D").arg(data).current_dir("/");
    // Durable once it runs; initdb itself need not wait for the disk.
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]);
    let output = initdb.arg("--no-sync").output().unwrap();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
}

/// A program of the server, run as somebody who may run it.
fn program(name: &str) -> Command {
    let mut command = Command::new(directory_of_programs().join(name));
    if let Some(user) = other_user() {
        command.uid(user);
    }
    command
}

/// PostgreSQL refuses to run as root, so root lends it another user.
fn other_user() -> Option<u32> {
    geteuid().is_root().then(|| id_of("postgres").or_else(|| id_of("nobody"))).flatten()
}

fn id_of(name: &str) -> Option<u32> {
    let output = Command::new("id").args(["-u", name]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// The newest of those installed; Debian keeps them out of `PATH`.
fn directory_of_programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    versions.sort_by_key(|path| {
        let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    });
    found.extend(versions);
    let has_server =
        |path: &PathBuf| path.join("initdb").exists() && path.join("postgres").exists();
    found.into_iter().rev().find(has_server).expect("PostgreSQL is installed")
}
