//! Ids that look like Stripe's.

use std::fmt::Write;

use rand::{Rng, distr::Alphanumeric};
use sha2::{Digest, Sha256};

/// A new id: `prefix` and random letters and digits, `length` of them.
pub(crate) fn random(prefix: &str, length: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    id.extend(rand::rng().sample_iter(&Alphanumeric).take(length).map(char::from));
    id
}

/// Sixteen characters that are always the same for the same `text`.
pub(crate) fn fingerprint(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
