//! Spoof classes 25 to 31, two hundred of each: genuinely signed, and not true of our payment. None
//! of them grants anything.

use entities::{PaymentId, Provider, payment::Model};
use gateways::{Gateway, Reading};
use payments::core::{Decision, Mismatch, decide};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::targets::stripe;

/// Events of each class.
const EACH: usize = 200;

type Spoil = fn(&mut StdRng, &mut Model, &mut Value);

/// Each class: its number in the catalogue, what makes an event one of it, and what is found.
const CLASSES: [(u32, Mismatch, Spoil); 7] = [
    (25, Mismatch::Amount, |rng, _, event| {
        let amount = loop {
            let amount = rng.random_range(0..100_000);
            if amount != 16_000 {
                break amount;
            }
        };
        let object = &mut event["data"]["object"];
        object["amount_received"] = json!(amount);
        if rng.random() {
            object["amount"] = json!(amount);
        }
    }),
    (26, Mismatch::Currency, |rng, _, event| {
        let codes = ["eur", "gbp", "JPY", "chf", "kwd", "isk", "mxn", "EUR"];
        event["data"]["object"]["currency"] = json!(codes[rng.random_range(0..codes.len())]);
    }),
    (27, Mismatch::Livemode, |_, _, event| {
        event["livemode"] = json!(true);
        event["data"]["object"]["livemode"] = json!(true);
    }),
    (28, Mismatch::Account, |rng, _, event| event["account"] = json!(word(rng, "acct"))),
    (29, Mismatch::Provider, |_, payment, _| payment.provider = Provider::Paypal),
    (30, Mismatch::Reference, |_, _, event| {
        event["data"]["object"]["metadata"] = json!({ "payment_id": PaymentId::new().to_string() });
    }),
    (31, Mismatch::Reference, |rng, payment, event| {
        event["data"]["object"]["id"] = json!(word(rng, "pi"));
        event["data"]["object"]["metadata"] = json!({ "payment_id": payment.id.to_string() });
    }),
];

fn word(rng: &mut StdRng, prefix: &str) -> String {
    format!("{prefix}_{:016x}", rng.random::<u64>())
}

/// What says in full and truthfully that the payment was paid, with this and that around it.
fn genuine(rng: &mut StdRng) -> Value {
    let mut event = json!({
        "id": word(rng, "evt"),
        "object": "event",
        "created": rng.random_range(1_700_000_000..1_800_000_000),
        "livemode": false,
        "type": "payment_intent.succeeded",
        "data": { "object": {
            "id": "pi_1", "object": "payment_intent", "amount": 16_000, "amount_received": 16_000,
            "currency": "usd", "livemode": false, "status": "succeeded", "created": 1_790_000_000,
            "metadata": {}, "payment_method_types": ["card"],
        } },
    });
    if rng.random() {
        event["data"]["object"][word(rng, "field")] = json!([rng.random::<i64>(), null, "x"]);
    }
    event
}

fn decided(payment: &Model, event: &Value) -> Decision {
    let reading = stripe::GATEWAY.read(event.to_string().as_bytes()).unwrap();
    let Reading::Fact(fact) = reading else { panic!("no fact: {event}") };
    decide(payment, &fact, &stripe::policy())
}

#[test]
fn two_hundred_events_of_each_wrong_meaning_grant_nothing() {
    let mut rng = StdRng::seed_from_u64(7);
    for (class, mismatch, spoil) in CLASSES {
        for _ in 0..EACH {
            let (mut payment, mut event) = (stripe::payment(), genuine(&mut rng));
            let control = decided(&payment, &event);
            assert!(matches!(control, Decision::Advance(step) if step.grant), "{event}");
            spoil(&mut rng, &mut payment, &mut event);
            // The provider's word about it may well be that it was paid: by whom is the question.
            let decision = decided(&payment, &event);
            assert_eq!(decision, Decision::Review(mismatch), "class {class}: {event}");
        }
    }
}
