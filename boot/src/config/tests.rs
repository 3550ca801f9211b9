mod combinations;
mod file;
mod leaks;
mod paypal;
mod single;

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{Config, ConfigError, Settings};

/// 64 digits, as `openssl rand -hex 32` makes them.
const HEX: &str = "1f8a0c5be2d94c3a77f06b2d9184ce5360a1b8f4d2c7e9035b6a8d1f4e2c7093";
const WEBHOOK_SECRET: &str = "whsec_9fK2mQ7vX4bN8cR1tY6wZ3aL5pD0sGhJ";

/// What one needs to say to start in `dir`: nothing else.
fn sandbox(dir: &TempDir) -> Settings {
    Settings { data_dir: text(&dir.path().display()), ..Settings::default() }
}

/// Everything a shop with a live account says.
fn live(dir: &TempDir) -> Settings {
    Settings {
        public_url: text("https://pay.shop.com"),
        stripe_secret_key: Some("sk_live_51HqZ9fK2mQ7vX4bN8cR1tY6wZ3a".into()),
        stripe_publishable_key: text("pk_live_51HqZ9fK2mQ7vX4bN8cR1tY6wZ3a"),
        stripe_webhook_secret: Some(WEBHOOK_SECRET.into()),
        jwt_secret: Some(HEX.into()),
        quittance_master_key: Some(HEX.into()),
        ..sandbox(dir)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every setting may be missing")]
fn text(value: &(impl ToString + ?Sized)) -> Option<String> {
    Some(value.to_string())
}

fn tempdir() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes `text` into `dir` and returns the path.
fn write(dir: &TempDir, name: &str, content: &str) -> Option<String> {
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    text(&path.display())
}

/// What is wrong, as one would read it.
#[track_caller]
fn complaint(result: Result<Config, ConfigError>) -> String {
    result.expect_err("something is wrong").to_string()
}

/// Asserts that `setting` alone is wrong, and that the complaint contains `wrong`.
#[track_caller]
fn assert_refused(settings: Settings, setting: &str, wrong: &str) {
    let error = settings.resolve().expect_err("something is wrong");
    let [problem] = error.problems.as_slice() else { panic!("one problem, but {error}") };
    assert!(problem.setting.ends_with(setting), "{problem}");
    assert!(problem.wrong.contains(wrong), "{problem}");
    assert!(!problem.advice.is_empty(), "{problem}");
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;

    fs::metadata(path).unwrap().mode() & 0o777
}
