//! No secret is ever shown.

use secrecy::SecretString;

use super::*;

/// A part of every secret here that no message of ours contains.
const CANARY: &str = "Zq9CanaryZq9";

/// What people put where a secret belongs: good ones and every kind of bad one.
const SHAPES: [&str; 21] = [
    "{}",
    " {} ",
    "{}\n",
    "sk_live_{}",
    "sk_test_{} ",
    "pk_live_{}",
    "rk_live_{}",
    "whsec_{}",
    "whsec_{}_and_enough_of_it_to_be_a_good_one",
    "whsec_{},whsec_{}",
    "{}-which-is-long-enough-to-sign-tokens-with",
    "changeme-{}-which-is-long-enough-to-sign-with",
    "postgres://user:{}@db/name",
    "postgres://user:{}@:db:/name",
    "mysql://user:{}@db/name",
    "sqlite://{}?mode=memory",
    "redis://:{}@host",
    "redis://:{}@",
    "smtp://user:{}@mail",
    "{}://user@host",
    "http://user:{}@host",
];

const SECRETS: usize = 9;

/// `settings` with `secret` as its nth.
fn with(mut settings: Settings, nth: usize, secret: &str) -> Settings {
    let place = match nth {
        0 => &mut settings.database_url,
        1 => &mut settings.redis_url,
        2 => &mut settings.stripe_secret_key,
        3 => &mut settings.stripe_webhook_secret,
        4 => &mut settings.smtp_url,
        5 => &mut settings.jwt_secret,
        6 => &mut settings.paypal_client_secret,
        7 => &mut settings.notify_secret,
        _ => &mut settings.quittance_master_key,
    };
    *place = Some(SecretString::from(secret));
    settings
}

/// The same, but from a file.
fn with_file(mut settings: Settings, nth: usize, path: Option<String>) -> Settings {
    let files = &mut settings.files;
    *match nth {
        0 => &mut files.database_url_file,
        1 => &mut files.redis_url_file,
        2 => &mut files.stripe_secret_key_file,
        3 => &mut files.stripe_webhook_secret_file,
        4 => &mut files.smtp_url_file,
        5 => &mut files.jwt_secret_file,
        6 => &mut files.paypal_client_secret_file,
        7 => &mut files.notify_secret_file,
        _ => &mut files.quittance_master_key_file,
    } = path;
    settings
}

/// Returns whether the settings were good.
#[track_caller]
fn assert_silent(settings: Settings) -> bool {
    let before = format!("{settings:?} {settings:#?}");
    let result = settings.resolve();
    let after = match &result {
        Ok(config) => format!("{config:?} {config:#?}"),
        Err(error) => format!("{error} {error:?} {error:#?}"),
    };
    let shown = before + &after;
    assert!(!shown.contains(CANARY), "{shown}");
    result.is_ok()
}

#[test]
fn no_secret_is_shown_whatever_is_wrong_with_it() {
    let dir = tempdir();
    let (mut good, mut bad) = (0, 0);
    for shape in SHAPES {
        let secret = shape.replace("{}", CANARY);
        let path = write(&dir, "secret", &secret);
        for nth in 0..SECRETS {
            for base in [sandbox(&dir), live(&dir)] {
                let from_file = with_file(base.clone(), nth, path.clone());
                for settings in [with(base, nth, &secret), from_file] {
                    let was_good = assert_silent(settings);
                    *if was_good { &mut good } else { &mut bad } += 1;
                }
            }
        }
        assert_silent((0..SECRETS).fold(sandbox(&dir), |all, nth| with(all, nth, &secret)));
    }
    assert!(good > 20 && bad > 200, "{good} good, {bad} bad");
}

#[test]
fn no_secret_of_the_sandbox_is_shown() {
    let dir = tempdir();
    let config = sandbox(&dir).resolve().unwrap();

    let shown = format!("{config:?}");

    let kept = fs::read_to_string(dir.path().join("secrets.toml")).unwrap();
    let secrets: Vec<_> = kept.split('"').filter(|part| part.len() >= 64).collect();
    assert_eq!(secrets.len(), 4, "three, and a comment");
    assert!(secrets[1..].iter().all(|secret| !shown.contains(secret)), "{shown}");
}

#[test]
fn damaged_secrets_are_not_shown_either() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempdir();
    for kept in [
        format!("jwt_secret = {CANARY}"),
        format!("jwt_secret = \"{CANARY}\""),
        format!("{CANARY} = \"\""),
        format!("jwt_secret = \"{CANARY}\"\nmaster_key = 5\nstripe_webhook_secret = \"\""),
    ] {
        let path = write(&dir, "secrets.toml", &kept).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!assert_silent(sandbox(&dir)));
    }
}

#[test]
fn a_password_in_the_settings_file_is_not_shown() {
    let dir = tempdir();
    for line in [
        format!("jwt_secret = \"{CANARY}\""),
        format!("[http]\nmax_connections = \"{CANARY}\""),
        format!("[http]\nmax_connections = {CANARY}"),
        format!("http = \"{CANARY}\""),
        format!("[database]\nurl = \"postgres://user:{CANARY}@db\""),
    ] {
        let config = write(&dir, "q.toml", &line);
        assert!(!assert_silent(Settings { config, ..sandbox(&dir) }));
    }
}
