use super::*;

const SECRET: &str = "whsec_Zk3vQ8mT1xLr7YbN5wHd2cJf9pGs4aEu";

fn config(key: &str, secrets: &[&str], base: &str) -> Config {
    let secrets = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
    let api_base = base.parse().unwrap();
    Config { api_base, ..Config::new(SecretString::from(key), secrets) }
}

fn check(key: &str, secrets: &[&str], base: &str) -> Result<(), ConfigError> {
    config(key, secrets, base).check()
}

#[test]
fn usual_settings_are_accepted() {
    for (key, base, live) in [
        ("sk_test_4eC39HqLyjWDarjtT1", "https://api.stripe.com/", false),
        ("rk_test_4eC39HqLyjWDarjtT1", "http://127.0.0.1:5000/sandbox/stripe/", false),
        ("sk_test_4eC39HqLyjWDarjtT1", "http://localhost:12111", false),
        ("sk_test_4eC39HqLyjWDarjtT1", "http://[::1]:5000/sandbox/stripe", false),
        ("sk_live_4eC39HqLyjWDarjtT1", "https://api.stripe.com", true),
        ("rk_live_4eC39HqLyjWDarjtT1", "https://egress.internal/stripe/", true),
    ] {
        let config = config(key, &[SECRET, "whsec_0123456789abcdef"], base);
        assert!(config.check().is_ok(), "{key} {base}");
        assert_eq!(config.livemode(), live);
    }
}

#[test]
fn a_webhook_secret_that_anyone_may_know_is_refused() {
    for secret in [
        "",
        " ",
        "whsec_",
        "whsec_short",
        "whsec_0123456789abcde",
        "whsec_xxxxxxxxxxxxxxxxxxxxxxxx",
        "whsec_XXXXXXXXXXXXXXXXXXXXXXXX",
        "whsec_....................",
        "whsec_123123123123123123123123",
        "whsec_test",
        "whsec_test_secret_0123456789",
        "whsec_your_signing_secret_here",
        "whsec_ChangeMe0123456789abcdef",
        "whsec_placeholder0123456789abc",
        "whsec_default_secret_0123456789",
        "changeme",
        "default_secret",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "Zk3vQ8mT1xLr7YbN5wHd2cJf9pGs4aEu",
        "whsec_Zk3vQ8mT1xLr7YbN5wHd2cJf9pGs\n",
        "whsec_Zk3vQ8mT1xLr 7YbN5wHd2cJf9pGs",
    ] {
        let error = check("sk_test_1", &[SECRET, secret], "https://api.stripe.com").unwrap_err();
        assert!(matches!(error, ConfigError::WebhookSecret(2, _)), "{secret:?}: {error}");
        assert!(secret.len() < 7 || !error.to_string().contains(secret), "{error}");
    }
    let none = check("sk_test_1", &[], "https://api.stripe.com");
    assert!(matches!(none, Err(ConfigError::NoWebhookSecret)));
}

#[test]
fn what_is_no_secret_key_is_refused() {
    for key in
        ["", "sk_test_", "pk_test_1", "pk_live_1", "sk_1", "SK_TEST_1", "sk_test_1\n", " sk_test_1"]
    {
        let error = check(key, &[SECRET], "https://api.stripe.com").unwrap_err();
        assert!(matches!(error, ConfigError::SecretKey), "{key:?}");
    }
}

#[test]
fn an_address_that_leaks_is_refused() {
    for base in [
        "http://api.stripe.com/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://169.254.169.254/",
        "http://0.0.0.0/",
        "https://user@api.stripe.com/",
        "https://:pass@api.stripe.com/",
        "http://user:pass@127.0.0.1/",
        "https://api.stripe.com/?x=1",
        "https://api.stripe.com/#x",
        "ftp://127.0.0.1/",
        "unix:/tmp/stripe",
    ] {
        let error = check("sk_test_1", &[SECRET], base).unwrap_err();
        assert!(matches!(error, ConfigError::ApiBase(_)), "{base}");
    }
    let live = check("sk_live_1", &[SECRET], "http://127.0.0.1:5000/sandbox/stripe/");
    assert!(matches!(live, Err(ConfigError::ApiBase(_))));
}

#[test]
fn limits_and_accounts_are_checked() {
    let good = || config("sk_test_1", &[SECRET], "https://api.stripe.com");
    assert!(Config { requests_per_second: 0, ..good() }.check().is_err());
    assert!(Config { tolerance: Duration::ZERO, ..good() }.check().is_err());
    assert!(Config { tolerance: Duration::MAX, ..good() }.check().is_err());
    assert!(Config { account: Some("acct_1A2b".into()), ..good() }.check().is_ok());
    for account in ["", "acct_", "acct_1\r\nx: y", "cus_1"] {
        assert!(Config { account: Some(account.into()), ..good() }.check().is_err(), "{account:?}");
    }
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let shown = format!("{:?}", config("sk_test_4eC39Hq", &[SECRET], "https://api.stripe.com"));
    assert!(!shown.contains("4eC39Hq") && !shown.contains(SECRET), "{shown}");
}
