//! Stripe: header and body of a webhook, the body of an event, and what the core makes of it.

use std::sync::LazyLock;

use entities::{
    CustomerId, PaymentId, Provider, Timestamp,
    fact::News,
    payment::{Kind, Model, Status},
};
use futures_util::FutureExt;
use gateways::{
    Gateway, Reading,
    stripe::{Config, Stripe},
};
use http::{HeaderMap, HeaderValue};
use payments::core::{Alarms, Decision, Policy, advance, decide, fraud::Rules};
use secrecy::SecretString;

/// Stripe, in test mode.
pub static GATEWAY: LazyLock<Stripe> = LazyLock::new(|| {
    let key = SecretString::from("sk_test_4eC39HqLyjWDarjtT1zdp7dc");
    let secret = SecretString::from("whsec_q7Zx2Lr9Vb4Nn6Kk8Jj1Hh3Gg5Ff0Dd");
    Stripe::new(Config::new(key, vec![secret])).unwrap()
});

/// Events that are told of one payment; more teach nothing.
const MOST_EVENTS: usize = 8;

/// A webhook: its header and its body, separated by the first line break.
pub fn signature(data: &[u8]) -> bool {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (header, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(value) = HeaderValue::from_bytes(header) else { return false };
    let mut headers = HeaderMap::new();
    headers.insert("stripe-signature", value);
    // Nobody who fuzzes knows the secret, so whatever is accepted is a hole; what is in the corpus
    // was signed long before this moment.
    let now = Timestamp::from_seconds(4_000_000_000);
    let opened = GATEWAY.open_webhook(&headers, body, now).now_or_never();
    assert!(opened.expect("Stripe's proof asks nobody").is_err(), "accepted a forgery");
    false
}

/// The body of an event that was proved genuine: its envelope, and what it means.
pub fn event(data: &[u8]) -> bool {
    let opened = GATEWAY.open_fetched(data).is_ok();
    GATEWAY.read(data).is_ok() && opened
}

/// What the core decides upon events about a payment of ours, one a line: it grants what was paid,
/// once, and whatever is told again changes nothing.
pub fn decision(data: &[u8]) -> bool {
    let (mut payment, mut granted) = (payment(), false);
    let policy = policy();
    let now = Timestamp::from_seconds(1_790_000_000);
    for event in data.split(|byte| *byte == b'\n').take(MOST_EVENTS) {
        let Ok(Reading::Fact(fact)) = GATEWAY.read(event) else { continue };
        let before = payment.status.rank();
        let Decision::Advance(step) = decide(&payment, &fact, &policy) else { continue };
        if step.grant {
            let News::Succeeded(receipt) = &fact.news else { panic!("a grant without money") };
            assert_eq!(receipt.collected, payment.price());
            assert!(!fact.livemode && fact.reference == "pi_1");
            assert!(!granted, "granted twice");
            granted = true;
        }
        advance(&mut payment, &step, |_| "blind".to_owned(), now);
        assert!(payment.status.rank() >= before, "a payment went back");
        assert_eq!(decide(&payment, &fact, &policy), Decision::Nothing, "not the same twice");
    }
    granted
}

/// What we hold true about ourselves.
pub fn policy() -> Policy {
    let (fraud, alarms) = (Rules::OFF, Alarms::USUAL);
    Policy { livemode: false, account: None, refund_warnings: false, fraud, alarms }
}

/// A payment that waits for its money.
pub fn payment() -> Model {
    let now = Timestamp::from_seconds(1_790_000_000);
    Model {
        id: PaymentId::new(),
        customer_id: CustomerId::new(),
        package_id: "pro-200".to_owned(),
        kind: Kind::OneTime,
        provider: Provider::Stripe,
        provider_reference: Some("pi_1".to_owned()),
        livemode: false,
        amount: 16_000,
        currency: "usd".parse().unwrap(),
        credits: 200,
        bonus_credits: 40,
        status: Status::Pending,
        failure_code: None,
        decline_code: None,
        failed_at: None,
        method_kind: None,
        method_brand: None,
        method_last4: None,
        method_wallet: None,
        receipt_url: None,
        card_blind: None,
        card_country: None,
        risk: None,
        risk_score: None,
        address_blind: None,
        address: None,
        device_blind: None,
        version: 0,
        created_at: now,
        updated_at: now,
        succeeded_at: None,
        refunded: 0,
    }
}
