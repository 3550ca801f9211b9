//! Generated events of PayPal's, two hundred thousand of them: no panic, and what they say is never
//! more than a hint that leads to PayPal's own API.

mod mutate;

use gateways::{Gateway, Reading, paypal};
use mutate::mutate;
use rand::{SeedableRng, rngs::StdRng};
use secrecy::SecretString;

const BODIES: [&str; 4] = [
    r#"{"id":"WH-58D329510W468432D-8HN650336L201105X","event_version":"1.0","create_time":"2026-02-14T21:50:07.940Z","resource_type":"checkout-order","event_type":"CHECKOUT.ORDER.APPROVED","summary":"x","resource":{"id":"5O190127TN364715T","status":"APPROVED","purchase_units":[{"amount":{"currency_code":"USD","value":"160.00"}}]}}"#,
    r#"{"id":"WH-1","create_time":"2026-02-14T21:50:07Z","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"42311647XV020574X","status":"COMPLETED","amount":{"value":"160.00"},"supplementary_data":{"related_ids":{"order_id":"1AB234567A1234567"}}}}"#,
    r#"{"id":"WH-2","create_time":"2026-02-14T21:50:07Z","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"1JU08902781691411","status":"COMPLETED","amount":{"value":"160.00"}}}"#,
    r#"{"id":"WH-3","create_time":"2026-02-14T21:50:07Z","event_type":"CUSTOMER.DISPUTE.RESOLVED","resource":{"dispute_id":"PP-D-4012","status":"RESOLVED","dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR"}}}"#,
];

/// What a mutation may put in.
const WORDS: [&[u8]; 12] = [
    b"../",
    b"%2e%2e",
    b"?",
    b"#",
    b"\"id\":\"",
    b"null",
    b"[[[[[[[[",
    b"\\u0000",
    b"\xef\xbb\xbf",
    b"\0",
    b"PAYMENT.CAPTURE.PENDING",
    b"captures/",
];

#[test]
fn two_hundred_thousand_mutated_events_are_hints_at_most() {
    let base = "https://api-m.sandbox.paypal.com/".parse().unwrap();
    let secret = SecretString::from("secret");
    let config = paypal::Config::new("client".into(), secret, "4UU18246J5216431Y".into(), base);
    let gateway = paypal::PayPal::new(&config).unwrap();
    let mut rng = StdRng::seed_from_u64(4);
    let (mut hints, mut refused) = (0, 0);
    for n in 0..200_000 {
        let body = mutate(&mut rng, &WORDS, BODIES[n % BODIES.len()].as_bytes());
        // Opening must not panic either; which mutations it takes is no matter.
        let _ = gateway.open_fetched(&body);
        match gateway.read(&body) {
            Ok(
                Reading::Hint(reference)
                | Reading::Refunds(reference)
                | Reading::DisputeHint(reference),
            ) => {
                hints += 1;
                let id = reference.strip_prefix("captures/").unwrap_or(&reference);
                let id = id.strip_prefix("refunds/").unwrap_or(id);
                let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                assert!(plain && !id.is_empty(), "{reference}");
            }
            Ok(Reading::Irrelevant) => {}
            Ok(told) => panic!("believed without a look: {told:?}"),
            Err(_) => refused += 1,
        }
    }
    assert!(hints > 1_000 && refused > 1_000, "{hints} hints, {refused} refused");
}
