//! PayPal's settings: all or none, of one mode, and none that anybody could forge with.

use super::*;

fn shop(dir: &TempDir) -> Settings {
    Settings {
        paypal_client_id: text("AeA1QIZXiflr1r0U2UbWTziOWX1GRQer5jkUq4ZfWT5qwb6q"),
        paypal_client_secret: Some("ECYYrrSHdKfkQ0EdvzdGkzj58a66kKaUQ5dZAEv4HvvtDId2".into()),
        paypal_webhook_id: text("4UU18246J5216431Y"),
        paypal_api_base: text("https://api-m.paypal.com"),
        ..live(dir)
    }
}

#[test]
fn the_sandbox_plays_paypal_too() {
    let dir = tempdir();

    let config = sandbox(&dir).resolve().unwrap();

    let paypal = config.paypal.unwrap();
    assert_eq!(paypal.api_base.as_str(), "http://127.0.0.1:5000/sandbox/paypal/");
    assert!(!paypal.is_live() && paypal.merchant_id.is_some());
}

#[test]
fn one_provider_or_both_may_be_real() {
    let dir = tempdir();

    let both = shop(&dir).resolve().unwrap();
    let only_stripe = live(&dir).resolve().unwrap();
    let only_paypal =
        Settings { stripe_secret_key: None, stripe_publishable_key: None, ..shop(&dir) };
    let only_paypal = only_paypal.resolve().unwrap();

    assert!(both.stripe.is_some() && both.paypal.is_some_and(|keys| keys.is_live()));
    assert!(only_stripe.paypal.is_none() && !only_stripe.sandbox);
    assert!(only_paypal.stripe.is_none() && only_paypal.paypal.is_some() && !only_paypal.sandbox);
}

#[test]
fn half_of_paypal_is_refused_and_each_gap_is_named() {
    let dir = tempdir();
    let none = |change: fn(&mut Settings)| {
        let mut settings = shop(&dir);
        change(&mut settings);
        settings
    };
    assert_refused(none(|it| it.paypal_client_id = None), "PAYPAL_CLIENT_ID", "missing");
    assert_refused(none(|it| it.paypal_client_secret = None), "PAYPAL_CLIENT_SECRET", "missing");
    assert_refused(none(|it| it.paypal_webhook_id = None), "PAYPAL_WEBHOOK_ID", "forgery");
    assert_refused(none(|it| it.paypal_api_base = None), "PAYPAL_API_BASE", "missing");
    let stray = Settings { paypal_api_base: text("https://api-m.paypal.com"), ..sandbox(&dir) };
    assert_refused(stray, "PAYPAL_API_BASE", "PAYPAL_CLIENT_ID is not");

    let bare = Settings { paypal_webhook_id: None, paypal_api_base: None, ..shop(&dir) };
    assert_eq!(bare.resolve().unwrap_err().problems.len(), 2);
}

#[test]
fn settings_that_help_forgers_are_refused() {
    let dir = tempdir();
    for (id, wrong) in
        [("WEBHOOK_ID", "simulator"), ("your_webhook", "placeholder"), ("4UU|1824", "8 to 50")]
    {
        let settings = Settings { paypal_webhook_id: text(id), ..shop(&dir) };
        assert_refused(settings, "PAYPAL_WEBHOOK_ID", wrong);
    }
    for base in [
        "http://api-m.paypal.com",
        "https://api-m.paypal.com.evil.shop.com",
        "https://shop.com",
        "https://api-m.paypal.com/v2",
    ] {
        let settings = Settings { paypal_api_base: text(base), ..shop(&dir) };
        assert_refused(settings, "PAYPAL_API_BASE", "none of PayPal's");
    }
    let verification = Settings { paypal_webhook_verification: text("none"), ..shop(&dir) };
    assert_refused(verification, "PAYPAL_WEBHOOK_VERIFICATION", "neither");
    let merchant = Settings { paypal_merchant_id: text("me"), ..shop(&dir) };
    assert_refused(merchant, "PAYPAL_MERCHANT_ID", "13");
}

#[test]
fn modes_are_not_mixed_and_real_money_needs_https() {
    let dir = tempdir();
    let mixed =
        Settings { paypal_api_base: text("https://api-m.sandbox.paypal.com"), ..shop(&dir) };
    assert_refused(mixed, "PAYPAL_API_BASE", "the other is for tests");
    let open = Settings {
        stripe_secret_key: None,
        stripe_publishable_key: None,
        public_url: text("http://pay.shop.com"),
        ..shop(&dir)
    };
    assert_refused(open, "PUBLIC_URL", "PAYPAL_API_BASE is live");
}
