use std::{
    env,
    future::pending,
    io::{BufRead, BufReader, Write, stdout},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::timeout;

use super::*;

const CHILD: &str = "QUITTANCE_TEST_SHUTDOWN_CHILD";

#[tokio::test]
async fn every_clone_hears_it_early_or_late() {
    let shutdown = Shutdown::new();
    let early = tokio::spawn(shutdown.clone().signalled());
    assert!(!shutdown.is_triggered());

    shutdown.clone().trigger();

    early.await.unwrap();
    shutdown.signalled().await;
    assert!(shutdown.is_triggered());
}

#[tokio::test]
async fn nobody_hears_what_was_not_said() {
    let signalled = Shutdown::new().signalled();
    assert!(timeout(Duration::from_millis(20), signalled).await.is_err());
}

/// Not a test by itself: the process that the next one sends signals to.
#[test]
fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let shutdown = Shutdown::on_signals().unwrap();
        writeln!(stdout(), "\nready").unwrap();
        shutdown.signalled().await;
        writeln!(stdout(), "\ntold").unwrap();
        pending::<()>().await;
    });
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn the_first_signal_asks_and_the_second_ends() {
    for (first, second) in [("-TERM", "-TERM"), ("-INT", "-INT"), ("-TERM", "-INT")] {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "shutdown::tests::child", "--nocapture"])
            .env(CHILD, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);

        assert!(lines.any(|line| line == "ready"));
        send(first, &child);
        assert!(lines.any(|line| line == "told"));
        send(second, &child);

        assert_eq!(child.wait().unwrap().code(), Some(KILLED));
    }
}
