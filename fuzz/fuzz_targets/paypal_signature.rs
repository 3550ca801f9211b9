//! A webhook's headers and body, as PayPal sends them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quittance_fuzz::paypal;

fuzz_target!(|data: &[u8]| {
    paypal::signature(data);
});
