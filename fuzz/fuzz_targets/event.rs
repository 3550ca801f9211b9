//! The body of an event that was proved genuine: its envelope, and what it means.
#![no_main]

use std::sync::LazyLock;

use gateways::{Gateway, stripe};
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

static GATEWAY: LazyLock<stripe::Stripe> = LazyLock::new(|| {
    let key = SecretString::from("sk_test_4eC39HqLyjWDarjtT1zdp7dc");
    let secret = SecretString::from("whsec_q7Zx2Lr9Vb4Nn6Kk8Jj1Hh3Gg5Ff0Dd");
    stripe::Stripe::new(stripe::Config::new(key, vec![secret])).unwrap()
});

fuzz_target!(|data: &[u8]| {
    let _ = GATEWAY.open_fetched(data);
    let _ = GATEWAY.read(data);
});
