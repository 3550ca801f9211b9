//! Settings that go together, or do not.

use secrecy::{ExposeSecret, SecretString};

use super::*;

#[test]
fn with_nothing_said_the_sandbox_stands_up_and_has_secrets_of_its_own() {
    let dir = tempdir();

    let config = sandbox(&dir).resolve().unwrap();

    let stripe = config.stripe.unwrap();
    assert!(config.sandbox && !stripe.is_live());
    assert_eq!(stripe.api_base.as_str(), "http://127.0.0.1:5000/sandbox/stripe/");
    assert_eq!(stripe.webhook_secrets.len(), 1);
    assert!(config.jwt_secret.expose_secret().len() >= 32);
    assert_eq!(mode(&dir.path().join("secrets.toml")), 0o600);
}

#[test]
fn the_sandbox_has_the_same_secrets_the_next_time() {
    let dir = tempdir();
    let first = sandbox(&dir).resolve().unwrap();

    let second = sandbox(&dir).resolve().unwrap();

    assert_eq!(first.jwt_secret.expose_secret(), second.jwt_secret.expose_secret());
    assert_eq!(first.master_key.expose(), second.master_key.expose());
    let secret = |config: &Config| {
        config.stripe.clone().unwrap().webhook_secrets[0].expose_secret().to_owned()
    };
    assert_eq!(secret(&first), secret(&second));
}

#[test]
fn a_secret_that_is_given_goes_before_one_that_is_made() {
    let dir = tempdir();
    let settings = Settings { jwt_secret: Some(HEX.into()), ..sandbox(&dir) };

    let config = settings.resolve().unwrap();

    assert_eq!(config.jwt_secret.expose_secret(), HEX);
    assert_ne!(hex::encode(config.master_key.expose()), HEX);
}

#[test]
fn the_sandbox_makes_no_new_key_for_an_old_database() {
    let dir = tempdir();
    sandbox(&dir).resolve().unwrap();
    write(&dir, "quittance.db", "encrypted");
    fs::remove_file(dir.path().join("secrets.toml")).unwrap();

    assert_refused(sandbox(&dir), "secrets.toml", "is missing");
}

#[test]
fn nothing_is_written_unless_all_is_well() {
    let dir = tempdir();
    let data = dir.path().join("data");
    let settings = Settings {
        data_dir: text(&data.display()),
        listen_addr: text("here"),
        ..Settings::default()
    };

    settings.resolve().unwrap_err();

    assert!(!data.exists());
}

#[test]
fn a_live_account_is_taken_as_it_is() {
    let dir = tempdir();

    let config = live(&dir).resolve().unwrap();

    let stripe = config.stripe.unwrap();
    assert!(!config.sandbox && stripe.is_live());
    assert_eq!(stripe.api_base.as_str(), "https://api.stripe.com/");
    assert_eq!(config.public_url.as_str(), "https://pay.shop.com/");
    assert!(!dir.path().join("secrets.toml").exists());
}

#[test]
fn live_keys_need_https_off_this_machine() {
    let dir = tempdir();
    for (url, good) in [
        ("http://pay.shop.com", false),
        ("http://localhost.shop.com", false),
        ("http://10.0.0.1", false),
        ("http://localhost:5000", true),
        ("http://127.0.0.1:5000", true),
        ("http://[::1]:5000", true),
    ] {
        let settings = Settings { public_url: text(url), ..live(&dir) };
        if good {
            settings.resolve().unwrap();
        } else {
            assert_refused(settings, "PUBLIC_URL", "not https");
        }
    }
    let settings = Settings { stripe_api_base: text("http://proxy.shop.com"), ..live(&dir) };
    assert_refused(settings, "STRIPE_API_BASE", "in the clear");
}

#[test]
fn with_provider_keys_no_secret_is_made_up() {
    let dir = tempdir();
    for key in ["sk_live_51HqZ9fK2mQ7vX4b", "sk_test_51HqZ9fK2mQ7vX4b"] {
        let given = Settings {
            stripe_secret_key: Some(key.into()),
            stripe_publishable_key: None,
            ..live(&dir)
        };
        let none = Settings { jwt_secret: None, ..given.clone() };
        assert_refused(none, "JWT_SECRET", "missing");
        let none = Settings { quittance_master_key: None, ..given.clone() };
        assert_refused(none, "QUITTANCE_MASTER_KEY", "missing");
        let none = Settings { stripe_webhook_secret: None, ..given.clone() };
        assert_refused(none, "STRIPE_WEBHOOK_SECRET", "missing");
        given.resolve().unwrap();
    }
}

#[test]
fn processes_that_share_postgresql_are_given_the_same_secrets() {
    let dir = tempdir();
    let database_url = Some(SecretString::from("postgres://user:pw@db/quittance"));
    let settings = Settings { database_url, ..sandbox(&dir) };

    let complaint = complaint(settings.clone().resolve());

    assert!(complaint.contains("JWT_SECRET: it is missing, and processes"), "{complaint}");
    assert!(complaint.contains("QUITTANCE_MASTER_KEY: it is missing, and"), "{complaint}");
    let jwt_secret = Some(HEX.into());
    Settings { jwt_secret, quittance_master_key: Some(HEX.into()), ..settings }.resolve().unwrap();
}

#[test]
fn webhook_secrets_are_long_and_nobodys_example() {
    let dir = tempdir();
    let with =
        |secrets: &str| Settings { stripe_webhook_secret: Some(secrets.into()), ..live(&dir) };

    let both = format!("{WEBHOOK_SECRET}, whsec_{HEX},");
    assert_eq!(with(&both).resolve().unwrap().stripe.unwrap().webhook_secrets.len(), 2);

    for (secrets, wrong) in [
        ("sk_live_51HqZ9fK2mQ7vX4bN8cR1tY6wZ3a", "whsec_"),
        ("whsec_short", "fewer than 32"),
        ("whsec_", "placeholder"),
        ("whsec_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "placeholder"),
        ("whsec_your_webhook_signing_secret_goes_here", "placeholder"),
        (&format!("{WEBHOOK_SECRET},whsec_short"), "fewer than 32"),
    ] {
        assert_refused(with(secrets), "STRIPE_WEBHOOK_SECRET", wrong);
    }
    assert_refused(with(" , "), "STRIPE_WEBHOOK_SECRET", "missing");
}

#[test]
fn stripe_keys_are_of_their_kind_and_of_one_mode() {
    let dir = tempdir();
    for (key, wrong) in [
        ("pk_live_51HqZ9fK2mQ7vX4b", "publishable"),
        ("51HqZ9fK2mQ7vX4b", "begins with none"),
        ("sk_live_...", "placeholder"),
        ("sk_live_51Hq Z9fK2mQ7vX4b", "space"),
    ] {
        let settings = Settings {
            stripe_secret_key: Some(key.into()),
            stripe_publishable_key: None,
            ..live(&dir)
        };
        assert_refused(settings, "STRIPE_SECRET_KEY", wrong);
    }
    for (key, wrong) in [
        ("sk_live_51HqZ9fK2mQ7vX4b", "secret key"),
        ("pk_test_51HqZ9fK2mQ7vX4b", "for tests"),
        ("key", "neither"),
    ] {
        let settings = Settings { stripe_publishable_key: text(key), ..live(&dir) };
        assert_refused(settings, "STRIPE_PUBLISHABLE_KEY", wrong);
    }
    let half = Settings { stripe_publishable_key: text("pk_test_51HqZ9fK2mQ"), ..sandbox(&dir) };
    assert_refused(half, "STRIPE_PUBLISHABLE_KEY", "STRIPE_SECRET_KEY is not");
    let account = Settings { stripe_account: text("me"), ..live(&dir) };
    assert_refused(account, "STRIPE_ACCOUNT", "acct_");
}

#[test]
fn a_mail_server_needs_a_sender() {
    let dir = tempdir();
    let smtp_url = Some(SecretString::from("smtp://user:pw@mail.shop.com:587"));
    let settings = Settings { smtp_url, ..sandbox(&dir) };

    assert_refused(settings.clone(), "MAIL_FROM", "missing");

    let settings = Settings { mail_from: text("billing@shop.com"), ..settings };
    assert_eq!(settings.resolve().unwrap().mail_from, "billing@shop.com");
}

#[test]
fn secrets_are_read_from_files() {
    let dir = tempdir();
    let mut settings = Settings { jwt_secret: None, quittance_master_key: None, ..live(&dir) };
    settings.files.jwt_secret_file = write(&dir, "jwt", &format!("{HEX}\n"));
    settings.files.quittance_master_key_file = write(&dir, "key", &format!("{HEX}\r\n"));

    let config = settings.resolve().unwrap();

    assert_eq!(config.jwt_secret.expose_secret(), HEX);
    assert_eq!(hex::encode(config.master_key.expose()), HEX);
}

#[test]
fn a_secret_comes_from_one_place_that_is_there() {
    let dir = tempdir();
    let mut both = live(&dir);
    both.files.jwt_secret_file = write(&dir, "jwt", HEX);
    assert!(complaint(both.resolve()).contains("JWT_SECRET: both it and JWT_SECRET_FILE are set"));

    let mut nowhere = sandbox(&dir);
    nowhere.files.smtp_url_file = text("/nowhere/smtp");
    assert_refused(nowhere, "SMTP_URL_FILE", "/nowhere/smtp cannot be read");

    let mut empty = sandbox(&dir);
    empty.files.redis_url_file = write(&dir, "redis", "\n");
    assert_refused(empty, "REDIS_URL_FILE", "is empty");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let dir = tempdir();
    let settings = Settings {
        listen_addr: text("here"),
        public_url: text("there"),
        database_url: Some("mysql://h".into()),
        jwt_secret: Some("short".into()),
        config: write(&dir, "quittance.toml", "[http]\nmax_connections = 1\ndrain_seconds = 0\n"),
        ..live(&dir)
    };

    let error = settings.resolve().unwrap_err();

    assert_eq!(error.problems.len(), 6, "{error}");
    assert!(error.to_string().starts_with("the configuration has 6 problems\n  "), "{error}");
}
