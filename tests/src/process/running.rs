use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use super::within;

/// A child process that can be killed and started again; it does not outlive its owner.
#[derive(Debug)]
pub struct Running {
    command: Command,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command`, what it says being added to `log`.
    pub fn spawn(mut command: Command, log: &Path) -> Self {
        let child = start(&mut command, log);
        Self { command, child, log: log.to_owned() }
    }

    /// Starts it again, as it was started; it must have ended.
    pub fn start_again(&mut self) {
        assert!(self.exit().is_some(), "{} still runs", self.log.display());
        self.child = start(&mut self.command, &self.log);
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it `signal`; one that has ended hears nothing.
    pub fn signal(&self, signal: Signal) {
        // It is not waited for before it is forgotten, so its id cannot be somebody else's.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended; `None` while it runs.
    pub fn exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end, at most `patience`.
    pub async fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        within(patience, async || self.child.try_wait().unwrap().is_some()).await;
        self.exit()
    }

    /// All it has said, in all its lives.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn start(command: &mut Command, log: &Path) -> Child {
    let file = File::options().create(true).append(true).open(log).unwrap();
    command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
    command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"))
}
