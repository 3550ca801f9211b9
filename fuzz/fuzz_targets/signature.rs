//! A webhook's header and body, as Stripe sends them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quittance_fuzz::stripe;

fuzz_target!(|data: &[u8]| {
    stripe::signature(data);
});
