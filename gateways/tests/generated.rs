//! Generated input, hundreds of thousands of pieces of it: no panic, and nothing is believed that
//! was not signed. `fuzz/` goes on where this ends.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up, it cannot test")]

mod mutate;

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

/// Offers `body` under `header`; whatever is accepted must be the very thing that was signed.
fn offer(gateway: &stripe::Stripe, header: &[u8], body: &[u8]) -> bool {
    let mut headers = HeaderMap::new();
    let Ok(value) = HeaderValue::from_bytes(header) else { return false };
    headers.insert("stripe-signature", value);
    let now = Timestamp::from_seconds(NOW);
    // Stripe's proof needs nothing of anybody, so it never waits.
    let accepted = gateway.open_webhook(&headers, body, now).now_or_never().unwrap().is_ok();
    if accepted {
        let header = String::from_utf8_lossy(header);
        assert_eq!(body, BODY.as_bytes(), "another body than the one that was signed: {header}");
        let signed = signature(SECRET, NOW, body);
        assert!(header.contains(&signed) && header.contains(&NOW.to_string()), "{header}");
    }
    accepted
}

/// Spoof classes 2 to 15 of Stripe's header, each as header and body.
fn forgeries() -> Vec<(String, Vec<u8>)> {
    let (body, good) = (BODY.as_bytes().to_vec(), signature(SECRET, NOW, BODY.as_bytes()));
    let with = |header: String| (header, body.clone());
    let altered = |body: String| (format!("t={NOW},v1={good}"), body.into_bytes());
    let signed_at = |at: i64| format!("t={at},v1={}", signature(SECRET, at, &body));
    vec![
        with(String::new()),
        with(format!("t={NOW},v1={}", signature("whsec_of_somebody_else_entirely", NOW, &body))),
        with(format!("t={NOW},v1={}", signature("", NOW, &body))),
        altered(BODY.replace("16000", "16001")),
        altered(BODY.replace("\":", "\": ")),
        altered(format!("{BODY}\n")),
        altered(format!("\u{feff}{BODY}")),
        with(format!("t={},v1={good}", NOW + 1)),
        with(format!("v1={good}")),
        with(format!("t=-1,v1={good}")),
        with(format!("t=99999999999999999999,v1={good}")),
        with(format!("t=now,v1={good}")),
        with(signed_at(NOW - 301)),
        with(signed_at(NOW + 301)),
        with(format!("t={NOW},v0={good}")),
        with(format!("t={NOW},v1={}", good.to_uppercase())),
        with(format!("t={NOW},v1={}", &good[..63])),
        with(format!("t={NOW},v1={good}0")),
        with(format!("t={NOW},v1={}", &good[..32])),
        with(format!("t={NOW},{}", vec![format!("v1={}", "0".repeat(64)); 1_000].join(","))),
    ]
}

#[test]
fn two_hundred_mutations_of_each_forgery_are_turned_away() {
    let (gateway, mut rng) = (gateway(), StdRng::seed_from_u64(1));
    for (header, body) in forgeries() {
        assert!(!offer(&gateway, header.as_bytes(), &body), "{header}");
        for _ in 0..200 {
            let (mutated, unchanged) =
                (mutate(&mut rng, &WORDS, header.as_bytes()), rng.random_bool(0.5));
            let body = if unchanged { body.clone() } else { mutate(&mut rng, &WORDS, &body) };
            offer(&gateway, &mutated, &body);
        }
    }
}

#[test]
fn two_hundred_thousand_mutated_deliveries_are_believed_only_as_they_were_signed() {
    let (gateway, mut rng) = (gateway(), StdRng::seed_from_u64(2));
    let good = format!("t={NOW},v1={}", signature(SECRET, NOW, BODY.as_bytes()));
    assert!(offer(&gateway, good.as_bytes(), BODY.as_bytes()), "the control is accepted");
    let mut accepted = 0;
    for _ in 0..200_000 {
        let header = mutate(&mut rng, &WORDS, good.as_bytes());
        // The body is what takes time, and it is what most mutations leave alone.
        let unchanged = rng.random_bool(0.9);
        let body = if unchanged { BODY.into() } else { mutate(&mut rng, &WORDS, BODY.as_bytes()) };
        accepted += usize::from(offer(&gateway, &header, &body));
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
