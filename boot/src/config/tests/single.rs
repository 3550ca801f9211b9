//! Settings one by one.

use std::time::Duration;

use clap::{Args, Command};
use secrecy::ExposeSecret;

use super::*;

#[test]
fn every_option_is_a_flag_and_a_variable_of_the_same_name_whose_value_help_never_shows() {
    let command = Settings::augment_args(Command::new("quittance"));
    for option in command.get_arguments() {
        let variable = option.get_env().and_then(|name| name.to_str()).expect("a variable");
        let flag = option.get_long().expect("a flag");
        assert_eq!(variable, flag.replace('-', "_").to_uppercase());
        assert!(option.is_hide_env_values_set(), "{flag}");
        assert!(option.get_help().is_some(), "{flag}");
    }
}

#[test]
fn the_words_on_the_settings_do_not_replace_those_on_the_program() {
    /// A program.
    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        _settings: Settings,
        #[command(flatten)]
        _log: crate::telemetry::LogOptions,
    }

    let command = <Program as clap::CommandFactory>::command();

    assert_eq!(command.get_about().unwrap().to_string(), "A program");
}

#[test]
fn flags_are_understood() {
    let command = Settings::augment_args(Command::new("quittance"));
    let arguments = ["quittance", "--listen-addr", "[::1]:8080", "--database-url", "sqlite://x"];
    let matches = command.try_get_matches_from(arguments).unwrap();

    let settings = <Settings as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();

    assert_eq!(settings.listen_addr.as_deref(), Some("[::1]:8080"));
    assert_eq!(settings.database_url.unwrap().expose_secret(), "sqlite://x");
}

#[test]
fn an_empty_text_is_as_good_as_none() {
    let dir = tempdir();
    let settings = Settings {
        listen_addr: text(""),
        public_url: text(" "),
        database_url: Some("".into()),
        redis_url: Some("".into()),
        stripe_secret_key: Some("".into()),
        stripe_publishable_key: text(""),
        stripe_webhook_secret: Some("".into()),
        stripe_api_base: text(""),
        stripe_webhook_tolerance: text(""),
        stripe_account: text(""),
        paypal_client_id: text(""),
        paypal_client_secret: Some("".into()),
        paypal_webhook_id: text(""),
        paypal_api_base: text(""),
        paypal_merchant_id: text(""),
        paypal_webhook_verification: text(""),
        paypal_certificate_name: text(""),
        smtp_url: Some("".into()),
        mail_from: text(""),
        jwt_secret: Some("".into()),
        quittance_master_key: Some("".into()),
        cors_allowed_origins: text(" , "),
        config: text(""),
        catalog: text(""),
        ..sandbox(&dir)
    };

    let config = settings.resolve().unwrap();

    assert!(config.sandbox);
    assert_eq!(config.listen.to_string(), "127.0.0.1:5000");
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:5000/");
    assert_eq!(config.cors_allowed_origins, [""; 0]);
    assert!(config.redis_url.is_none() && config.smtp_url.is_none());
}

#[test]
fn the_public_url_follows_the_port_we_listen_on() {
    for (listen, public) in [
        ("0.0.0.0:8080", "http://127.0.0.1:8080/"),
        ("[::]:8080", "http://127.0.0.1:8080/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("10.1.2.3:80", "http://10.1.2.3/"),
    ] {
        let dir = tempdir();
        let config = Settings { listen_addr: text(listen), ..sandbox(&dir) }.resolve().unwrap();
        assert_eq!(config.public_url.as_str(), public);
    }
}

#[test]
fn a_public_url_is_a_server_and_nothing_else() {
    let dir = tempdir();
    for (url, wrong) in [
        ("pay.shop.com", "not a URL"),
        ("ftp://pay.shop.com", "`ftp`"),
        ("https://me@pay.shop.com", "user name"),
        ("https://me:pw@pay.shop.com", "user name"),
        ("https://shop.com/pay", "path"),
        ("https://shop.com/?a", "path"),
        ("https://shop.com/#a", "path"),
    ] {
        assert_refused(Settings { public_url: text(url), ..sandbox(&dir) }, "PUBLIC_URL", wrong);
    }
}

#[test]
fn addresses_to_listen_on_are_addresses() {
    let dir = tempdir();
    for address in ["5000", "localhost:5000", "127.0.0.1", "127.0.0.1:99999"] {
        let settings = Settings { listen_addr: text(address), ..sandbox(&dir) };
        assert_refused(settings, "LISTEN_ADDR", address);
        let settings = Settings { worker_listen_addr: text(address), ..sandbox(&dir) };
        assert_refused(settings, "WORKER_LISTEN_ADDR", address);
    }
    assert_eq!(sandbox(&dir).resolve().unwrap().worker_listen, None);
}

#[test]
fn urls_of_unknown_schemes_are_refused() {
    let dir = tempdir();
    for url in ["mysql://h/db", "quittance.db", "SQLITE://x", ":", "postgres"] {
        let settings = Settings { database_url: Some(url.into()), ..sandbox(&dir) };
        assert_refused(settings, "DATABASE_URL", "scheme");
    }
    for url in ["http://h", "localhost:6379", "redis"] {
        let settings = Settings { redis_url: Some(url.into()), ..sandbox(&dir) };
        assert_refused(settings, "REDIS_URL", "scheme");
    }
    let from = text("a@b.c");
    for url in ["mail.shop.com", "http://h", "imap://h"] {
        let settings =
            Settings { smtp_url: Some(url.into()), mail_from: from.clone(), ..sandbox(&dir) };
        assert_refused(settings, "SMTP_URL", "scheme");
    }
    let settings = Settings { redis_url: Some("redis://".into()), ..sandbox(&dir) };
    assert_refused(settings, "REDIS_URL", "host");
}

#[test]
fn a_database_in_memory_is_refused() {
    let dir = tempdir();
    for url in ["sqlite::memory:", "sqlite://x?mode=memory"] {
        let settings = Settings { database_url: Some(url.into()), ..sandbox(&dir) };
        assert_refused(settings, "DATABASE_URL", "memory");
    }
}

#[test]
fn the_embedded_database_is_in_the_data_directory_however_that_is_called() {
    let dir = tempdir();
    let odd = dir.path().join("50% of #1?");
    let config = Settings { data_dir: text(&odd.display()), ..Settings::default() };
    let config = config.resolve().unwrap();

    let url = config.database.url.expose_secret();

    assert!(url.ends_with("/50%25 of %231%3f/quittance.db"), "{url}");
    assert_eq!(mode(&odd), 0o700);
}

#[test]
fn a_master_key_is_32_bytes_in_hex_or_base64() {
    let dir = tempdir();
    let bytes: [u8; 32] = hex::decode(HEX).unwrap().try_into().unwrap();
    for key in [
        HEX,
        &HEX.to_uppercase(),
        "H4oMW+LZTDp38GstkYTOU2ChuPTSx+kDW2qNH04scJM=",
        "H4oMW+LZTDp38GstkYTOU2ChuPTSx+kDW2qNH04scJM",
        "H4oMW-LZTDp38GstkYTOU2ChuPTSx-kDW2qNH04scJM",
    ] {
        let settings = Settings { quittance_master_key: Some(key.into()), ..sandbox(&dir) };
        assert_eq!(settings.resolve().unwrap().master_key.expose(), &bytes, "{key}");
    }
    let zeros = "00".repeat(32);
    for key in ["1f8a", "not a key", &HEX[2..], &zeros] {
        let settings = Settings { quittance_master_key: Some(key.into()), ..sandbox(&dir) };
        assert_refused(settings, "QUITTANCE_MASTER_KEY", "byte");
    }
}

#[test]
fn a_jwt_secret_is_long_and_nobodys_example() {
    let dir = tempdir();
    for secret in ["short", &HEX[..31]] {
        let settings = Settings { jwt_secret: Some((*secret).into()), ..sandbox(&dir) };
        assert_refused(settings, "JWT_SECRET", "shorter than 32");
    }
    for secret in [&"a".repeat(64), "changeme-changeme-changeme-changeme"] {
        let settings = Settings { jwt_secret: Some((*secret).into()), ..sandbox(&dir) };
        assert_refused(settings, "JWT_SECRET", "placeholder");
    }
}

#[test]
fn origins_are_listed_one_by_one() {
    let dir = tempdir();
    let with = |value: &str| Settings { cors_allowed_origins: text(value), ..sandbox(&dir) };

    let config = with("https://shop.com, http://localhost:3000/").resolve().unwrap();

    assert_eq!(config.cors_allowed_origins, ["https://shop.com", "http://localhost:3000"]);
    for (value, wrong) in [
        ("*", "wildcard"),
        ("https://*.shop.com", "wildcard"),
        ("null", "not a URL"),
        ("https://shop.com/app", "more than an origin"),
    ] {
        assert_refused(with(value), "CORS_ALLOWED_ORIGINS", wrong);
    }
}

#[test]
fn mail_addresses_look_like_mail_addresses() {
    let dir = tempdir();
    for good in ["a@b.c", "Shop <billing@shop.com>"] {
        let settings = Settings { mail_from: text(good), ..sandbox(&dir) };
        assert_eq!(settings.resolve().unwrap().mail_from, good);
    }
    for bad in ["shop", "@b.c", "a@", "Shop <a@b.c", "a b@c.d", "a@b.c\r\nBcc: x@y.z"] {
        assert_refused(Settings { mail_from: text(bad), ..sandbox(&dir) }, "MAIL_FROM", "address");
        assert_refused(
            Settings { admin_email: text(bad), ..sandbox(&dir) },
            "ADMIN_EMAIL",
            "address",
        );
    }
}

#[test]
fn a_tolerance_is_a_second_to_an_hour() {
    let dir = tempdir();
    let with = |value: &str| Settings { stripe_webhook_tolerance: text(value), ..sandbox(&dir) };

    let config = with("90").resolve().unwrap();

    assert_eq!(config.stripe.unwrap().tolerance, Duration::from_secs(90));
    for bad in ["0", "3601", "-1", "5m"] {
        assert_refused(with(bad), "STRIPE_WEBHOOK_TOLERANCE", "between 1 and 3600");
    }
}

#[test]
fn a_catalog_that_is_not_there_is_refused() {
    let dir = tempdir();
    let settings = Settings { catalog: text("/nowhere/catalog.toml"), ..sandbox(&dir) };
    assert_refused(settings, "CATALOG", "not a file");
}
