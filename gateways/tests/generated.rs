//! Generated input, hundreds of thousands of pieces of it: no panic, and nothing is believed that
//! was not signed. `fuzz/` goes on where this ends.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up, it cannot test")]

mod mutate;

use std::collections::BTreeSet;

use entities::Timestamp;
use futures_util::FutureExt;
use gateways::{Gateway, stripe};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use mutate::mutate;
use rand::{Rng, SeedableRng, rngs::StdRng};
use secrecy::SecretString;
use sha2::Sha256;

const SECRET: &str = "whsec_q7Zx2Lr9Vb4Nn6Kk8Jj1Hh3Gg5Ff0Dd";
const NOW: i64 = 1_790_000_000;
const BODY: &str = r#"{"id":"evt_1","object":"event","created":1790000000,"livemode":false,"type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent","amount":16000,"amount_received":16000,"currency":"usd","livemode":false,"status":"succeeded","created":1790000000,"metadata":{},"payment_method_types":["card"]}}}"#;

/// What a mutation may put in.
const WORDS: [&[u8]; 14] = [
    b"t=",
    b"v1=",
    b"v0=",
    b",",
    b"=",
    b"-1",
    b"99999999999999999999",
    b"\xef\xbb\xbf",
    b"\0",
    b"null",
    b"[[[[[[[[",
    b"\\u0000",
    b"{\"id\":",
    b"16001",
];

fn gateway() -> stripe::Stripe {
    let key = SecretString::from("sk_test_4eC39HqLyjWDarjtT1zdp7dc");
    stripe::Stripe::new(stripe::Config::new(key, vec![SecretString::from(SECRET)])).unwrap()
}

fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Offers `body` under `values` of the header; whatever is accepted must be the very thing that was
/// signed.
fn offer(gateway: &stripe::Stripe, values: &[Vec<u8>], body: &[u8]) -> bool {
    let mut headers = HeaderMap::new();
    for value in values {
        let Ok(value) = HeaderValue::from_bytes(value) else { return false };
        headers.append("stripe-signature", value);
    }
    let now = Timestamp::from_seconds(NOW);
    // Stripe's proof needs nothing of anybody, so it never waits.
    let accepted = gateway.open_webhook(&headers, body, now).now_or_never().unwrap().is_ok();
    if accepted {
        assert_eq!(values.len(), 1, "of two headers a proxy may have checked another");
        let header = String::from_utf8_lossy(&values[0]);
        assert_eq!(body, BODY.as_bytes(), "another body than the one that was signed: {header}");
        let signed = signature(SECRET, NOW, body);
        assert!(header.contains(&signed) && header.contains(&NOW.to_string()), "{header}");
    }
    accepted
}

/// A forgery: its class in the catalogue, the values of its header, and its body.
type Forgery = (u32, Vec<String>, Vec<u8>);

/// Spoof classes 1 to 16, which are all of Stripe's header and body.
fn forgeries() -> Vec<Forgery> {
    let (body, good) = (BODY.as_bytes().to_vec(), signature(SECRET, NOW, BODY.as_bytes()));
    let with = |class, header: String| (class, vec![header], body.clone());
    let altered = |class, body: String| (class, vec![format!("t={NOW},v1={good}")], body.into());
    let signed = |secret, at: i64| format!("t={at},v1={}", signature(secret, at, &body));
    let many = vec![format!("v1={}", "0".repeat(64)); 1_000].join(",");
    vec![
        (1, Vec::new(), body.clone()),
        with(2, String::new()),
        with(3, signed("whsec_of_somebody_else_entirely", NOW)),
        with(4, signed("", NOW)),
        altered(5, BODY.replace("16000", "16001")),
        altered(6, BODY.replace("\":", "\": ")),
        altered(7, format!("{BODY}\n")),
        altered(7, format!("\u{feff}{BODY}")),
        with(8, format!("t={},v1={good}", NOW + 1)),
        with(9, format!("v1={good}")),
        with(9, format!("t=-1,v1={good}")),
        with(9, format!("t=99999999999999999999,v1={good}")),
        with(9, format!("t=now,v1={good}")),
        with(10, signed(SECRET, NOW - 301)),
        with(11, signed(SECRET, NOW + 301)),
        with(12, format!("t={NOW},v0={good}")),
        with(13, format!("t={NOW},v1={}", good.to_uppercase())),
        with(13, format!("t={NOW},v1={}", &good[..63])),
        with(13, format!("t={NOW},v1={good}0")),
        with(13, format!("t={NOW},v1=é{good}")),
        with(14, format!("t={NOW},v1={}", &good[..32])),
        with(15, format!("t={NOW},{many}")),
        (16, vec![format!("t={NOW},v1={good}"); 2], body.clone()),
        with(16, format!("t={NOW},t={NOW},v1={good}")),
        with(16, format!("t={NOW},v1={good}\r\nx: y")),
        with(16, format!("t={NOW};v1={good}")),
    ]
}

#[test]
fn two_hundred_mutations_of_each_forgery_are_turned_away() {
    let (gateway, mut rng) = (gateway(), StdRng::seed_from_u64(1));
    let forgeries = forgeries();
    let classes: BTreeSet<u32> = forgeries.iter().map(|(class, ..)| *class).collect();
    assert!(classes.into_iter().eq(1..=16), "each class has a forgery");
    for (class, headers, body) in forgeries {
        let headers: Vec<Vec<u8>> = headers.into_iter().map(String::into_bytes).collect();
        assert!(!offer(&gateway, &headers, &body), "class {class}: {headers:?}");
        for _ in 0..200 {
            // `offer` fails if one is believed: unless the mutation made it genuine.
            let mut headers = headers.clone();
            if let Some(header) = headers.last_mut() {
                *header = mutate(&mut rng, &WORDS, header);
            }
            let unchanged = !headers.is_empty() && rng.random_bool(0.5);
            let body = if unchanged { body.clone() } else { mutate(&mut rng, &WORDS, &body) };
            offer(&gateway, &headers, &body);
        }
    }
}

#[test]
fn two_hundred_thousand_mutated_deliveries_are_believed_only_as_they_were_signed() {
    let (gateway, mut rng) = (gateway(), StdRng::seed_from_u64(2));
    let good = format!("t={NOW},v1={}", signature(SECRET, NOW, BODY.as_bytes()));
    let control = [good.clone().into_bytes()];
    assert!(offer(&gateway, &control, BODY.as_bytes()), "the control is accepted");
    let mut accepted = 0;
    for _ in 0..200_000 {
        let header = mutate(&mut rng, &WORDS, good.as_bytes());
        // The body is what takes time, and it is what most mutations leave alone.
        let unchanged = rng.random_bool(0.9);
        let body = if unchanged { BODY.into() } else { mutate(&mut rng, &WORDS, BODY.as_bytes()) };
        accepted += usize::from(offer(&gateway, &[header], &body));
    }
    assert!(accepted > 0, "some mutations, such as another pair, do no harm");
}

#[test]
fn two_hundred_thousand_mutated_events_are_read_or_refused() {
    let (gateway, mut rng) = (gateway(), StdRng::seed_from_u64(3));
    let (mut read, mut refused) = (0, 0);
    for _ in 0..200_000 {
        let body = mutate(&mut rng, &WORDS, BODY.as_bytes());
        let opened = gateway.open_fetched(&body).is_ok();
        let understood = gateway.read(&body).is_ok();
        read += usize::from(opened && understood);
        refused += usize::from(!opened && !understood);
    }
    assert!(read > 1_000 && refused > 1_000, "{read} read, {refused} refused");
}
