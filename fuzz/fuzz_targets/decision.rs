//! What the core decides upon an event about a payment of ours.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quittance_fuzz::stripe;

fuzz_target!(|data: &[u8]| {
    stripe::decision(data);
});
