//! The body of an event of Stripe's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quittance_fuzz::stripe;

fuzz_target!(|data: &[u8]| {
    stripe::event(data);
});
