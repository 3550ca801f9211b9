//! A webhook's header and body, separated by the first line break.
#![no_main]

use std::sync::LazyLock;

use entities::Timestamp;
use futures_util::FutureExt;
use gateways::{Gateway, stripe};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

static GATEWAY: LazyLock<stripe::Stripe> = LazyLock::new(|| {
    let key = SecretString::from("sk_test_4eC39HqLyjWDarjtT1zdp7dc");
    let secret = SecretString::from("whsec_q7Zx2Lr9Vb4Nn6Kk8Jj1Hh3Gg5Ff0Dd");
    stripe::Stripe::new(stripe::Config::new(key, vec![secret])).unwrap()
});

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (header, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(value) = HeaderValue::from_bytes(header) else { return };
    let mut headers = HeaderMap::new();
    headers.insert("stripe-signature", value);
    // Nobody who fuzzes knows the secret, so whatever is accepted is a hole; what is in the corpus
    // was signed long before this moment.
    let now = Timestamp::from_seconds(4_000_000_000);
    let opened = GATEWAY.open_webhook(&headers, body, now).now_or_never();
    assert!(opened.expect("Stripe's proof asks nobody").is_err());
});
