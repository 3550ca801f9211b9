use std::{
    path::Path,
    process::{Command, ExitStatus},
    time::Duration,
};

use rustix::process::Signal;

use super::{PATIENCE, Running, trust::http, within};

/// What a process of the program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything: `quittance`.
    Both,
    /// HTTP: `quittance ingress`.
    Ingress,
    /// Jobs: `quittance worker`.
    Worker,
}

/// What a worker's log says once it takes jobs.
const WORKING: &str = "taking jobs";

/// A process of the program.
#[derive(Debug)]
pub struct Program {
    running: Running,
    role: Role,
    port: u16,
    /// How often it had said that it takes jobs before it was last started.
    before: usize,
    /// Whether it has been ready since.
    was_ready: bool,
    http: reqwest::Client,
}

impl Program {
    pub(super) fn spawn(command: Command, log: &Path, role: Role, port: u16) -> Self {
        let http = http().timeout(Duration::from_secs(5)).build().unwrap();
        Self {
            running: Running::spawn(command, log),
            role,
            port,
            before: 0,
            was_ready: false,
            http,
        }
    }

    /// Where it answers.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until it is ready; fails if it is not in time.
    pub async fn ready(&mut self) {
        let ready = within(PATIENCE, async || {
            assert!(self.running.exit().is_none(), "it ended at once: {}", self.running.log());
            self.is_ready().await
        });
        assert!(ready.await, "it does not become ready: {}", self.log());
        self.was_ready = true;
    }

    /// [`ready`](Self::ready), and if it ends before it ever is, because a server it needs is away
    /// just then, it is started again as a supervisor would; says how often.
    pub async fn supervised(&mut self) -> usize {
        let mut failed = 0;
        let ready = within(PATIENCE, async || {
            if self.running.exit().is_some() {
                assert!(!self.was_ready, "it ended by itself: {}", self.running.log());
                failed += 1;
                self.start_again();
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            self.is_ready().await
        });
        assert!(ready.await, "it does not become ready: {}", self.log());
        self.was_ready = true;
        failed
    }

    /// Whether it is ready now.
    pub async fn is_ready(&self) -> bool {
        if self.role == Role::Worker {
            return self.running.log().matches(WORKING).count() > self.before;
        }
        let response = self.http.get(format!("{}/health/ready", self.base())).send().await;
        response.is_ok_and(|response| response.status().is_success())
    }

    /// Sends it `signal`.
    pub fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it again, after its end; does not wait until it is ready.
    pub fn start_again(&mut self) {
        self.before = self.running.log().matches(WORKING).count();
        self.was_ready = false;
        self.running.start_again();
    }

    /// How it ended; `None` while it runs.
    pub fn exit(&mut self) -> Option<ExitStatus> {
        self.running.exit()
    }

    /// Tells it to stop, and waits for its end, at most `patience`.
    pub async fn terminate(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        self.running.ended(patience).await
    }

    /// Waits for its end, at most `patience`.
    pub async fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.running.ended(patience).await
    }

    /// As whom it takes jobs, in this life of its; it must have begun to.
    pub fn worker(&self) -> String {
        let log = self.running.log();
        let said = log.lines().rev().find(|line| line.contains(WORKING));
        let name = said.and_then(|line| line.split_once("worker=")).map(|(_, name)| name);
        name.unwrap_or_else(|| panic!("it takes no jobs: {log}")).trim().to_owned()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// All it has logged, in all its lives.
    pub fn log(&self) -> String {
        self.running.log()
    }
}
