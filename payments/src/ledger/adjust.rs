use std::collections::BTreeMap;

use entities::{Timestamp, TransferId, adjustment::Model, ledger_transfer::Kind};
use sea_orm::DatabaseTransaction;

use super::{
    ADJUSTED, CREDITS, available, balances,
    post::{Transfer, post},
    spend::{take_available, take_from_lots},
};
use crate::Error;

/// Gives or takes the credits of `row`, once, if and only if `txn` commits; returns how many of them
/// are there to be used. Fails with [`Error::NotEnoughCredits`] rather than go below zero.
pub(crate) async fn adjust(
    txn: &DatabaseTransaction,
    row: &Model,
    now: Timestamp,
) -> Result<i64, Error> {
    let account = available(row.customer_id);
    let transfer = Transfer {
        id: TransferId::new(),
        kind: Kind::Adjustment,
        source_ref: row.id.to_string(),
        customer_id: row.customer_id,
        legs: vec![
            (account.clone(), CREDITS.to_owned(), row.credits),
            (ADJUSTED.to_owned(), CREDITS.to_owned(), -row.credits),
        ],
    };
    if post(txn, vec![transfer], now).await?.is_empty() {
        return Err(Error::Inconsistent(format!("{} is in the ledger already", row.id)));
    }
    if row.credits > 0 {
        balances::add(txn, BTreeMap::from([(account, row.credits)]), now).await?;
        return Ok(row.credits);
    }
    let credits = -row.credits;
    if !take_available(txn, row.customer_id, credits, now).await? {
        let available = balances::of(txn, row.customer_id).await?.available;
        return Err(Error::NotEnoughCredits { asked: credits, available });
    }
    take_from_lots(txn, row.customer_id, credits).await?;
    Ok(0)
}
