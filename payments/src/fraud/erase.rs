//! The end of what is known of where payers come from.

use std::time::Duration;

use boot::sql;
use entities::{CustomerId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use crate::{Error, Store};

/// For how long addresses are kept: as long as a payment can still be disputed.
const ADDRESSES: Duration = Duration::from_hours(24 * 180);

/// For how long their keyed hashes are, and those of devices: no rule looks further back than a day.
const HASHES: Duration = Duration::from_hours(24 * 7);

/// A case that is still open may put the address on the blocklist.
const UNDECIDED: &str = "EXISTS (SELECT 1 FROM reviews r WHERE r.payment_id = payments.id AND \
                         r.state = 'open')";

/// Erases the addresses that the payments of `customer`, who closes their account, were begun from.
///
/// That of a payment whose case is open stays until the case is decided, so that nobody escapes
/// the blocklist by leaving; hashes stay for a week, so that nobody is counted anew. [`prune`]
/// erases both then.
pub(crate) async fn forget(txn: &DatabaseTransaction, customer: CustomerId) -> Result<(), DbErr> {
    let body = format!(
        "UPDATE payments SET address = NULL WHERE customer_id = ?1 AND address IS NOT NULL AND \
         NOT {UNDECIDED}"
    );
    let values = vec![customer.uuid().into()];
    txn.execute_raw(sql::statement(txn.get_database_backend(), &body, values)).await?;
    Ok(())
}

/// Erases what is no longer needed at `now` of where payers came from, and says of how many rows.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, Error> {
    let addresses = format!(
        "UPDATE payments SET address = NULL WHERE address IS NOT NULL AND (created_at < ?1 OR \
         customer_id IN (SELECT id FROM customers WHERE closed_at IS NOT NULL)) AND NOT {UNDECIDED}"
    );
    let hashes = "UPDATE payments SET address_blind = NULL, device_blind = NULL WHERE created_at < \
                  ?1 AND (address_blind IS NOT NULL OR device_blind IS NOT NULL)";
    let declines = "UPDATE declines SET address_blind = NULL WHERE at < ?1 AND address_blind IS \
                    NOT NULL";
    let mut erased = 0;
    for (body, kept) in [(addresses.as_str(), ADDRESSES), (hashes, HASHES), (declines, HASHES)] {
        let values = vec![(now - kept).micros().into()];
        let statement = sql::statement(store.db.backend(), body, values);
        erased += store.db.writer().execute_raw(statement).await?.rows_affected();
    }
    Ok(erased)
}
