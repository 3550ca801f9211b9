//! Balances that are changed by hand: asked for with a reason, above a limit approved by somebody
//! else, and booked in the transaction that says so in the audit log.

mod ask;
mod decide;
mod limit;
mod read;

pub use ask::{Asker, Wish, ask};
pub use decide::decide;
pub(crate) use read::erase_reasons;
pub use read::{Adjustments, find, of_customer, page, reason};

use entities::{AdjustmentId, CustomerId, Timestamp, adjustment::Model, customer};
use sea_orm::{DatabaseTransaction, EntityTrait, QuerySelect};

use crate::{
    Error,
    audit::{self, Line},
    vault::Place,
};

/// Where a reason is sealed.
fn place(id: AdjustmentId) -> Place {
    Place::new("credit_adjustments.reason", id.uuid())
}

/// Fails with [`Error::Closed`] if the account of `customer` was deleted; it is not before `txn` ends.
async fn check_open(txn: &DatabaseTransaction, customer: CustomerId) -> Result<(), Error> {
    let found = customer::Entity::find_by_id(customer).lock_shared().one(txn).await?;
    match found {
        Some(customer) if customer.closed_at.is_none() => Ok(()),
        Some(_) => Err(Error::Closed),
        None => Err(Error::Inconsistent(format!("{customer} vanished"))),
    }
}

/// Says in the audit log that `user_ref` did `what` with `row`.
async fn log(
    txn: &DatabaseTransaction,
    row: &Model,
    (user_ref, what): (&str, &str),
    now: Timestamp,
) -> Result<(), Error> {
    let customer: CustomerId = row.customer_id;
    let line = Line {
        actor: format!("user:{user_ref}"),
        action: format!("credits.{what}"),
        subject: customer.to_string(),
        before: None,
        after: Some(format!("{} {:+} {}", row.id, row.credits, row.state.as_str())),
    };
    audit::write(txn, vec![line], now).await?;
    Ok(())
}
