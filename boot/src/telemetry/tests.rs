use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use clap::Parser;

use super::*;

/// Held by tests that change the hook, which all threads share.
static HOOK: Mutex<()> = Mutex::new(());

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What is logged when `panics` does.
fn logged(panics: impl FnOnce() + panic::UnwindSafe) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _held = HOOK.lock().unwrap();
    let usual = panic::take_hook();
    panic::set_hook(Box::new(log_panic));
    let outcome = tracing::subscriber::with_default(subscriber, || panic::catch_unwind(panics));
    panic::set_hook(usual);
    outcome.unwrap_err();
    log.text()
}

#[test]
fn a_panic_is_logged_with_its_place_but_without_what_may_be_secret() {
    let ours = logged(|| panic!("a sentence in our source"));
    assert!(ours.contains("a sentence in our source"), "{ours}");
    assert!(ours.contains("telemetry/tests.rs:"), "{ours}");

    let theirs = logged(|| {
        "postgres://user:canary@db".parse::<url::Url>().map(Err::<(), _>).unwrap().unwrap();
    });
    assert!(theirs.contains("(withheld)"), "{theirs}");
    assert!(theirs.contains("telemetry/tests.rs:"), "{theirs}");
    assert!(!theirs.contains("canary"), "{theirs}");

    let formatted = logged(|| panic!("no key {}", "canary".to_owned()));
    assert!(!formatted.contains("canary"), "{formatted}");
}

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    log: LogOptions,
}

#[test]
fn the_log_is_text_unless_told_otherwise() {
    for (arguments, format) in [
        (vec!["program"], LogFormat::Text),
        (vec!["program", "--log-format", ""], LogFormat::Text),
        (vec!["program", "--log-format", "text"], LogFormat::Text),
        (vec!["program", "--log-format", "json"], LogFormat::Json),
    ] {
        assert_eq!(Program::parse_from(arguments).log.log_format, format);
    }
}

#[test]
fn logging_starts_once_however_often_one_asks() {
    let _held = HOOK.lock().unwrap();
    let usual = panic::take_hook();
    init(&LogOptions::default()).unwrap();
    init(&LogOptions { rust_log: Some(String::new()), log_format: LogFormat::Json }).unwrap();
    panic::set_hook(usual);

    let wrong = LogOptions { rust_log: Some("boot=loud".to_owned()), ..LogOptions::default() };
    assert!(init(&wrong).is_err());
}

#[test]
fn metrics_are_collected_once_and_in_seconds() {
    let first = install_metrics();
    let second = install_metrics();

    metrics::counter!("telemetry_test_total").increment(3);
    metrics::histogram!("telemetry_test_seconds").record(0.04);

    for metrics in [first, second] {
        let text = metrics.render();
        assert!(text.contains("telemetry_test_total 3"), "{text}");
        assert!(text.contains("telemetry_test_seconds_bucket{le=\"0.025\"} 0"), "{text}");
        assert!(text.contains("telemetry_test_seconds_bucket{le=\"0.05\"} 1"), "{text}");
    }
}
