//! What each target does with bytes from anybody: it must not panic, and what it learns must be no
//! more than was proved.
//!
//! Here, and not beside `fuzz_target!`, because `worker/tests/fuzz_targets` feeds them the corpus
//! and more in each run of the tests, without a sanitizer.

pub mod paypal;
pub mod stripe;

/// Takes an input, and says whether it got to the very end: was read, or granted something. Without
/// a signature nothing gets there.
pub type Target = fn(&[u8]) -> bool;

/// Each target by its name, which is also that of its folder in the corpus.
pub const TARGETS: [(&str, Target); 5] = [
    ("signature", stripe::signature),
    ("event", stripe::event),
    ("decision", stripe::decision),
    ("paypal_signature", paypal::signature),
    ("paypal_event", paypal::event),
];
