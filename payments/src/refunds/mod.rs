//! The refund desk: asking, deciding, and sending money back.
//!
//! Credits are set aside when a refund is asked for, the amount when it is approved; both become
//! final when the provider says that the money went, and free again when it says that it did not.

mod ask;
mod decide;
mod erase;
mod mail;
mod policy;
mod read;
mod send;

pub use ask::{Wish, appeal, ask, quote};
pub use decide::{Decided, approve, deny};
pub(crate) use erase::erase_words;
pub use mail::{RefundNews, news};
pub(crate) use policy::return_what_is_left;
pub use read::{Filter, Requests, Words, find, find_own, page, page_own, reasoning, words};
pub use send::{Next, Order, begin, refused, tell, unanswered};

use entities::{PaymentId, RefundRequestId, payment, refund_request};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::{Error, money_back::Books, vault::Place};

/// Longest reason, and longest words around it, in characters.
pub const MAX_REASON: usize = 200;
/// Longest details, appeal or denial, in characters.
pub const MAX_WORDS: usize = 2_000;

/// The books of payment `id`, locked until `txn` ends; `None` if there is no such payment.
pub(crate) async fn books(
    txn: &DatabaseTransaction,
    id: PaymentId,
) -> Result<Option<Books>, Error> {
    let find = payment::Entity::find().filter(payment::Column::Id.eq(id)).lock_exclusive();
    let payments = find.all(txn).await?;
    Ok(Books::load(txn, payments).await?.pop())
}

/// The books of the payment of request `id`, locked until `txn` ends.
async fn books_of_request(
    txn: &DatabaseTransaction,
    id: RefundRequestId,
) -> Result<Option<Books>, Error> {
    match refund_request::Entity::find_by_id(id).one(txn).await? {
        Some(request) => books(txn, request.payment_id).await,
        None => Ok(None),
    }
}

fn place(column: &'static str, id: RefundRequestId) -> Place {
    Place::new(column, id.uuid())
}

const REASON: &str = "refund_requests.reason";
const DETAILS: &str = "refund_requests.details";
const APPEAL: &str = "refund_requests.appeal";
