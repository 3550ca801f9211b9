//! What an operator can get wrong: a clear sentence, an exit code, and nothing started.

use std::process::Output;

use tests::process::{JWT_SECRET, Stage};

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Runs the program, which must refuse, name the culprit, and not repeat a secret.
fn refuses(stage: &Stage, arguments: &[&str], code: i32, words: &[&str]) {
    let output = stage.run(arguments);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?} does not say {word:?}: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
    for secret in [tests::SECRET, JWT_SECRET, tests::process::MASTER_KEY, "p4ssw0rd"] {
        assert!(!text.contains(secret), "{arguments:?} repeats a secret: {text}");
    }
}

#[test]
fn a_mistyped_command_line_is_explained() {
    let stage = Stage::embedded();
    refuses(&stage, &["serve"], 2, &["serve", "Usage"]);
    refuses(&stage, &["--no-such-option"], 2, &["--no-such-option"]);
    refuses(&stage, &["reconcile", "--hours", "0"], 2, &["--hours"]);
    refuses(&stage, &["reconcile", "--hours", "9999999"], 2, &["--hours"]);
    refuses(&stage, &["jobs", "list", "--id", "nonsense"], 1, &["nonsense"]);
    refuses(&stage, &["jobs", "list", "--state", "asleep"], 1, &["queued, running"]);
    refuses(&stage, &["jobs", "cancel"], 1, &["--all"]);
    refuses(&stage, &["token", "--user", ""], 1, &["--user"]);
    refuses(&stage, &["token", "--user", "a", "--roles", "king"], 1, &["king", "admin"]);
    refuses(&stage, &["pause", "everything", "--reason", "x"], 1, &["events, money"]);
}

#[test]
fn a_wrong_setting_is_named_and_its_value_is_not() {
    let wrong: &[(&str, &str, &[&str])] = &[
        ("LISTEN_ADDR", "nowhere", &["LISTEN_ADDR"]),
        ("DATABASE_URL", "mysql://root:p4ssw0rd@localhost/x", &["DATABASE_URL"]),
        ("DATABASE_URL", "postgres://u:p4ssw0rd@127.0.0.1:1/x", &["DATABASE_URL"]),
        ("REDIS_URL", "http://u:p4ssw0rd@localhost", &["REDIS_URL"]),
        ("STRIPE_WEBHOOK_SECRET", "p4ssw0rd", &["STRIPE_WEBHOOK_SECRET", "whsec_"]),
        ("STRIPE_WEBHOOK_TOLERANCE", "0", &["STRIPE_WEBHOOK_TOLERANCE"]),
        ("STRIPE_SECRET_KEY", "pk_live_p4ssw0rd", &["STRIPE_SECRET_KEY"]),
        ("JWT_SECRET", "p4ssw0rd", &["JWT_SECRET", "32"]),
        ("QUITTANCE_MASTER_KEY", "p4ssw0rd", &["QUITTANCE_MASTER_KEY"]),
        ("SMTP_URL", "http://u:p4ssw0rd@mail", &["SMTP_URL"]),
        ("ADMIN_EMAIL", "nobody", &["ADMIN_EMAIL"]),
        ("CATALOG", "/no/such/catalogue.toml", &["CATALOG"]),
        ("CONFIG", "/no/such/settings.toml", &["CONFIG"]),
        ("CORS_ALLOWED_ORIGINS", "*", &["CORS_ALLOWED_ORIGINS"]),
        ("RUST_LOG", "quittance=loudly", &["RUST_LOG"]),
    ];
    for (name, value, words) in wrong {
        let mut stage = Stage::embedded();
        stage.set(name, value);
        let output = stage.run(&["ingress"]);
        let text = said(&output);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{name}={value}: {text}");
        for word in *words {
            assert!(text.contains(word), "{name}={value} does not say {word:?}: {text}");
        }
        assert!(!text.contains("p4ssw0rd"), "{name} is repeated: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_stops_the_start() {
    for (toml, word) in [
        ("[lanes]\nevents = 0\n", "events"),
        ("[lanes]\nevnts = 1\n", "evnts"),
        ("[worker]\nsweep_interval_ms = \"soon\"\n", "settings.toml"),
        ("this is no toml", "settings.toml"),
    ] {
        let mut stage = Stage::embedded();
        stage.settings(toml);
        refuses(&stage, &["worker"], 1, &[word]);
    }
}

#[test]
fn a_catalogue_that_sells_nothing_sensible_stops_the_start() {
    let mut stage = Stage::embedded();
    let file = stage.path("catalogue.toml");
    std::fs::write(&file, "[[package]]\nid = 7\n").unwrap();
    stage.set("CATALOG", &file.display().to_string());
    let output = stage.run(&["ingress"]);
    assert!(!output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains("panicked"), "{}", said(&output));
}

#[tokio::test]
async fn a_port_that_is_taken_and_another_key_than_the_databases_are_explained() {
    let mut stage = Stage::embedded();
    let program = stage.start(tests::process::Role::Both, "first").await;
    refuses(&stage, &["ingress"], 1, &["LISTEN_ADDR"]);
    drop(program);
    stage.set("QUITTANCE_MASTER_KEY", &"0f".repeat(31).replacen("0f", "a1b2", 1));
    refuses(&stage, &["ingress"], 1, &["QUITTANCE_MASTER_KEY"]);
}
