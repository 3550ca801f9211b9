//! The body of an event of PayPal's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quittance_fuzz::paypal;

fuzz_target!(|data: &[u8]| {
    paypal::event(data);
});
