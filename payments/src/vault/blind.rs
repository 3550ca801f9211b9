use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;

use super::Vault;

/// The number of the key that blinds; it is never sealed with.
pub(super) const BLIND_KID: u32 = 0;

impl Vault {
    /// A keyed hash of `plain`, to find a sealed value by without opening every row.
    ///
    /// The column is part of it, so that equal values of two columns cannot be told to be equal.
    pub fn blind(&self, column: &'static str, plain: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.blind[..]).expect("any length is a key");
        mac.update(column.as_bytes());
        mac.update(b":");
        mac.update(plain.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::vault;

    #[test]
    fn a_hash_tells_values_apart_and_columns_too() {
        let hash = vault().blind("payment_methods.token", "pm_1");
        assert_eq!(hash, vault().blind("payment_methods.token", "pm_1"));
        assert_ne!(hash, vault().blind("payment_methods.token", "pm_2"));
        assert_ne!(hash, vault().blind("mails.recipient", "pm_1"));
        assert!(!hash.contains("pm_1"));
    }
}
