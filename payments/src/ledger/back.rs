use std::collections::BTreeMap;

use entities::{Timestamp, TransferId, credit_lot, ledger_transfer::Kind, payment::Model};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr,
};

use super::{
    CHARGEBACKS, CREDITS, REFUNDS, TAKEN_BACK, available, balances, clearing, held,
    post::{Transfer, post},
};
use crate::{
    Error,
    core::{Booking, Position},
};

/// Writes `bookings` of `payment` with what they do to the balances of its customer.
///
/// Each was noted in a row as not booked; that one is in the ledger all the same cannot be.
pub(crate) async fn book(
    txn: &DatabaseTransaction,
    payment: &Model,
    bookings: &[Booking],
    now: Timestamp,
) -> Result<(), Error> {
    let transfers = bookings.iter().map(|booking| transfer(payment, booking));
    let mut transfers: Vec<Transfer> = transfers.filter(|it| !it.legs.is_empty()).collect();
    if transfers.is_empty() {
        return Ok(());
    }
    transfers.sort_by_key(|transfer| transfer.kind.as_str());
    while let Some(kind) = transfers.first().map(|transfer| transfer.kind) {
        // One kind at a time, since what is new is told by what it refers to.
        let rest = transfers.split_off(transfers.partition_point(|it| it.kind == kind));
        let asked = transfers.len();
        if post(txn, transfers, now).await?.len() != asked {
            let problem = format!("the ledger has what the rows of {} say it has not", payment.id);
            return Err(Error::Inconsistent(problem));
        }
        transfers = rest;
    }
    let sum = |of: fn(&Booking) -> i64| bookings.iter().map(of).sum::<i64>();
    let changes = BTreeMap::from([
        (available(payment.customer_id), sum(|booking| booking.shift.available)),
        (held(payment.customer_id), sum(|booking| booking.shift.held)),
    ]);
    balances::add(txn, changes, now).await?;
    Ok(())
}

fn transfer(payment: &Model, booking: &Booking) -> Transfer {
    let contra = match booking.kind {
        Kind::Chargeback | Kind::ChargebackReturn => CHARGEBACKS,
        _ => REFUNDS,
    };
    let currency = || payment.currency.code().to_owned();
    let legs = [
        (clearing(payment.provider), currency(), -booking.money),
        (contra.to_owned(), currency(), booking.money),
        (available(payment.customer_id), CREDITS.to_owned(), booking.shift.available),
        (held(payment.customer_id), CREDITS.to_owned(), booking.shift.held),
        (TAKEN_BACK.to_owned(), CREDITS.to_owned(), booking.shift.taken),
    ];
    Transfer {
        id: TransferId::new(),
        kind: booking.kind,
        source_ref: booking.source_ref.clone(),
        customer_id: payment.customer_id,
        legs: legs.into_iter().filter(|(_, _, amount)| *amount != 0).collect(),
    }
}

/// Writes what `position` says of `lot`, unless somebody changed the lot since it was read.
pub(crate) async fn write_lot(
    txn: &DatabaseTransaction,
    lot: &credit_lot::Model,
    position: &Position,
) -> Result<(), Error> {
    use credit_lot::Column;
    let as_read = Column::Id
        .eq(lot.id)
        .and(Column::Remaining.eq(lot.remaining))
        .and(Column::Held.eq(lot.held))
        .and(Column::Taken.eq(lot.taken));
    let written = credit_lot::Entity::update_many()
        .col_expr(Column::Remaining, Expr::value(position.remaining))
        .col_expr(Column::Held, Expr::value(position.set_aside()))
        .col_expr(Column::Taken, Expr::value(position.taken))
        .col_expr(Column::Owed, Expr::value(position.owed))
        .filter(as_read)
        .exec(txn)
        .await?;
    if written.rows_affected == 1 { Ok(()) } else { Err(Error::Stale(lot.payment_id)) }
}
