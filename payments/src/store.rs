use boot::{Clock, Db};

use crate::vault::Vault;

/// What every function that writes needs: the database, the keys to its sealed columns, the time.
#[derive(Clone, Debug)]
pub struct Store {
    /// The database.
    pub db: Db,
    /// Seals and opens columns.
    pub vault: Vault,
    /// Tells the time.
    pub clock: Clock,
}
