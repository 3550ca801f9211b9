//! Encryption at rest: columns that must not be readable in a dump or a backup.
//!
//! XChaCha20-Poly1305 under data keys, each wrapped by the key-encryption key that only the
//! configuration holds. The row's place is authenticated too, so that a ciphertext moved to another
//! row does not open (design §6).

mod blind;

use std::{collections::BTreeMap, sync::Arc};

use boot::Db;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use entities::{Timestamp, data_key};
use rand::{TryRngCore, rngs::OsRng};
use sea_orm::{EntityTrait, Set, sea_query::OnConflict};
use uuid::Uuid;

use self::blind::BLIND_KID;
use crate::Error;

/// The layout: version, key id, nonce, ciphertext.
const VERSION: u8 = 1;
/// The same layout around a text that was packed (LZ4 behind its length) before it was sealed.
const PACKED: u8 = 2;
const NONCE: usize = 24;
const HEADER: usize = 1 + 4 + NONCE;

/// Why a sealed value does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Not sealed by any version of this program.
    #[error("the value is not sealed as this version understands it")]
    Layout,
    /// Sealed under a key that is gone.
    #[error("data key {0} is missing")]
    UnknownKey(u32),
    /// Altered, moved from another row, or sealed under another key.
    #[error("the value was altered, or QUITTANCE_MASTER_KEY is not the one it was sealed with")]
    Forged,
    /// The operating system has no random numbers.
    #[error("no random numbers are to be had")]
    Random,
}

/// Where a sealed value stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// `table.column`.
    pub column: &'static str,
    /// The row.
    pub row: Uuid,
}

impl Place {
    /// The value of `column` in row `row`.
    pub const fn new(column: &'static str, row: Uuid) -> Self {
        Self { column, row }
    }

    /// What is authenticated beside the text. The first version's layout does not say its number.
    fn aad(&self, version: u8) -> Vec<u8> {
        let number: &[u8] = if version == VERSION { &[] } else { &[b':', version] };
        [self.column.as_bytes(), b":", self.row.as_bytes(), number].concat()
    }
}

/// Seals and opens.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<BTreeMap<u32, XChaCha20Poly1305>>,
    blind: Arc<[u8; 32]>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Vault {
    /// Unwraps the data keys with `master`; makes the first ones if there are none.
    pub async fn open(db: &Db, master: &[u8; 32], now: Timestamp) -> Result<Self, Error> {
        let kek = XChaCha20Poly1305::new(master.into());
        let rows = data_key::Entity::find().all(db.writer()).await?;
        for kid in [BLIND_KID, 1] {
            if !rows.iter().any(|row| row.kid == i64::from(kid) || (kid == 1 && row.kid > 1)) {
                create(db, &kek, kid, now).await?;
            }
        }
        // Read again: another process may have been first.
        let rows = data_key::Entity::find().all(db.writer()).await?;
        let (mut keys, mut blind) = (BTreeMap::new(), None);
        for row in rows {
            let kid = u32::try_from(row.kid).map_err(|_| VaultError::Layout)?;
            let key = decrypt(&kek, &row.wrapped, &wrapping(kid))?;
            let key: [u8; 32] = key.try_into().map_err(|_| VaultError::Layout)?;
            if kid == BLIND_KID {
                blind = Some(key);
            } else {
                keys.insert(kid, XChaCha20Poly1305::new(&key.into()));
            }
        }
        let blind = blind.ok_or(VaultError::UnknownKey(BLIND_KID))?;
        Ok(Self { keys: Arc::new(keys), blind: Arc::new(blind) })
    }

    /// Seals `plain` for `place`.
    pub fn seal(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.seal_as(VERSION, place, plain)
    }

    /// Seals `plain`, which is long and says much twice, for `place`; packed, as what is sealed can
    /// be packed no more. Only for texts whose length may be seen.
    pub fn seal_packed(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.seal_as(PACKED, place, &lz4_flex::compress_prepend_size(plain))
    }

    fn seal_as(&self, version: u8, place: Place, text: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (kid, cipher) = self.keys.last_key_value().ok_or(VaultError::UnknownKey(0))?;
        let mut sealed = Vec::with_capacity(HEADER + text.len() + 16);
        sealed.push(version);
        sealed.extend(kid.to_be_bytes());
        sealed.extend(encrypt(cipher, text, &place.aad(version))?);
        Ok(sealed)
    }

    /// Opens what was sealed for `place`, packed or not.
    pub fn unseal(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (&version, rest) = sealed.split_first().ok_or(VaultError::Layout)?;
        let (kid, rest) = rest.split_first_chunk::<4>().ok_or(VaultError::Layout)?;
        if version != VERSION && version != PACKED {
            return Err(VaultError::Layout);
        }
        let kid = u32::from_be_bytes(*kid);
        let cipher = self.keys.get(&kid).ok_or(VaultError::UnknownKey(kid))?;
        let text = decrypt(cipher, rest, &place.aad(version))?;
        if version == VERSION {
            return Ok(text);
        }
        // Authenticated above: its length is what we wrote.
        lz4_flex::decompress_size_prepended(&text).map_err(|_| VaultError::Layout)
    }

    /// Opens a sealed text.
    pub fn unseal_text(&self, place: Place, sealed: &[u8]) -> Result<String, VaultError> {
        String::from_utf8(self.unseal(place, sealed)?).map_err(|_| VaultError::Layout)
    }
}

fn wrapping(kid: u32) -> Vec<u8> {
    format!("data_keys.wrapped:{kid}").into_bytes()
}

async fn create(db: &Db, kek: &XChaCha20Poly1305, kid: u32, now: Timestamp) -> Result<(), Error> {
    let mut key = [0_u8; 32];
    OsRng.try_fill_bytes(&mut key).map_err(|_| VaultError::Random)?;
    let row = data_key::ActiveModel {
        kid: Set(i64::from(kid)),
        wrapped: Set(encrypt(kek, &key, &wrapping(kid))?),
        created_at: Set(now),
    };
    let keep_the_first = OnConflict::column(data_key::Column::Kid).do_nothing().to_owned();
    data_key::Entity::insert_many([row])
        .on_conflict(keep_the_first)
        .exec_without_returning(db.writer())
        .await?;
    Ok(())
}

fn encrypt(cipher: &XChaCha20Poly1305, plain: &[u8], aad: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0_u8; NONCE];
    OsRng.try_fill_bytes(&mut nonce).map_err(|_| VaultError::Random)?;
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        .map_err(|_| VaultError::Layout)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(cipher: &XChaCha20Poly1305, sealed: &[u8], aad: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(VaultError::Layout)?;
    cipher
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad })
        .map_err(|_| VaultError::Forged)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn vault() -> Vault {
        let cipher = XChaCha20Poly1305::new(&[7; 32].into());
        Vault { keys: Arc::new(BTreeMap::from([(1, cipher)])), blind: Arc::new([9; 32]) }
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_own_place() {
        let place = Place::new("customers.email", Uuid::from_u128(1));
        let sealed = vault().seal(place, b"ada@example.com").unwrap();

        assert_eq!(vault().unseal_text(place, &sealed).unwrap(), "ada@example.com");
        let other_row = Place::new("customers.email", Uuid::from_u128(2));
        let other_column = Place::new("mails.recipient", Uuid::from_u128(1));
        for elsewhere in [other_row, other_column] {
            assert_eq!(vault().unseal(elsewhere, &sealed), Err(VaultError::Forged));
        }
    }

    #[test]
    fn what_is_packed_opens_as_it_was() {
        let place = Place::new("provider_events.body", Uuid::from_u128(1));
        for plain in [b"".to_vec(), b"{}".to_vec(), b"\"object\": null, ".repeat(200)] {
            let sealed = vault().seal_packed(place, &plain).unwrap();
            assert_eq!(vault().unseal(place, &sealed).unwrap(), plain);
            assert!(sealed.len() < plain.len() / 10 + 100, "{}", sealed.len());
        }
    }

    #[test]
    fn no_byte_can_be_altered() {
        let place = Place::new("customers.email", Uuid::from_u128(1));
        no_byte_of(&vault().seal(place, b"ada@example.com").unwrap(), place);
        no_byte_of(&vault().seal_packed(place, b"ada@example.com").unwrap(), place);
    }

    fn no_byte_of(sealed: &[u8], place: Place) {
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut altered = sealed.to_vec();
                altered[at] ^= 1 << bit;
                assert!(vault().unseal(place, &altered).is_err(), "bit {bit} of byte {at}");
            }
            assert!(vault().unseal(place, &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}
