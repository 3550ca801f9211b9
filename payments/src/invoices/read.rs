use boot::sql;
use entities::{
    Money, PaymentId,
    billing::{Invoice, Seller},
    customer,
    invoice::{Column, Entity, Model},
    package, payment,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{SERIES, included, issue, written};
use crate::{Error, Store, billing, customers, vault::Place};

/// The invoice of payment `id`; `None` if it has not succeeded.
///
/// What it says is made up the first time it is asked for, and never changes after: neither with
/// the seller's settings nor with the buyer's details.
pub async fn find(store: &Store, seller: &Seller, id: PaymentId) -> Result<Option<Invoice>, Error> {
    let Some(payment) = payment::Entity::find_by_id(id).one(store.db.reader()).await? else {
        return Ok(None);
    };
    if payment.succeeded_at.is_none() {
        return Ok(None);
    }
    let row = match by_payment(store, id).await? {
        Some(row) => row,
        None => issue_late(store, &payment).await?,
    };
    if let Some(sealed) = &row.snapshot {
        return read(store, &row, sealed).map(Some);
    }
    let invoice = compose(store, seller, &row, &payment).await?;
    fix(store, &row, &invoice).await?;
    // Somebody else may have fixed it first; theirs counts.
    let row = by_payment(store, id).await?;
    let sealed = row.as_ref().and_then(|row| Some((row, row.snapshot.as_ref()?)));
    let (row, sealed) =
        sealed.ok_or_else(|| Error::Inconsistent(format!("the invoice of {id} vanished")))?;
    read(store, row, sealed).map(Some)
}

async fn by_payment(store: &Store, id: PaymentId) -> Result<Option<Model>, Error> {
    Ok(Entity::find().filter(Column::PaymentId.eq(id)).one(store.db.writer()).await?)
}

/// A payment that succeeded before there were invoices gets its number now.
async fn issue_late(store: &Store, payment: &payment::Model) -> Result<Model, Error> {
    let txn = store.db.begin().await?;
    // The payment's row is the lock: of two who ask at once, the second finds the invoice.
    let body = "UPDATE payments SET updated_at = updated_at WHERE id = ?1";
    let values = vec![payment.id.uuid().into()];
    txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    let known = Entity::find().filter(Column::PaymentId.eq(payment.id)).one(&txn).await?;
    if known.is_none() {
        issue(&txn, &[payment], store.clock.now()).await?;
    }
    txn.commit().await?;
    let row = by_payment(store, payment.id).await?;
    row.ok_or_else(|| Error::Inconsistent("an invoice vanished".to_owned()))
}

async fn compose(
    store: &Store,
    seller: &Seller,
    row: &Model,
    payment: &payment::Model,
) -> Result<Invoice, Error> {
    let missing = |what: &str| Error::Inconsistent(format!("payment {} has no {what}", payment.id));
    let customer = customer::Entity::find_by_id(payment.customer_id).one(store.db.reader()).await?;
    let customer = customer.ok_or_else(|| missing("customer"))?;
    let package = package::Entity::find_by_id(payment.package_id.clone());
    let package = package.one(store.db.reader()).await?.ok_or_else(|| missing("package"))?;
    let tax = included(payment.amount, seller.tax_basis_points);
    let money = |minor| Money::new(minor, payment.currency.clone());
    let brand = payment.method_brand.clone().or_else(|| payment.method_kind.clone());
    Ok(Invoice {
        number: written(SERIES, row.number),
        payment_id: payment.id,
        issued_at_micros: row.issued_at.micros(),
        seller: seller.clone(),
        buyer: billing::of(store, &customer)?,
        buyer_email: customers::email(store, &customer)?,
        item: package.name,
        credits: payment.total_credits(),
        total: payment.price(),
        net: money(tax.net),
        tax: money(tax.tax),
        method: brand.zip(payment.method_last4.clone()),
    })
}

async fn fix(store: &Store, row: &Model, invoice: &Invoice) -> Result<(), Error> {
    let json = serde_json::to_vec(invoice)
        .map_err(|_| Error::Inconsistent("an invoice cannot be written".to_owned()))?;
    let sealed = store.vault.seal(place(row), &json)?;
    let body = "UPDATE invoices SET snapshot = ?1 WHERE id = ?2 AND snapshot IS NULL";
    let values = vec![sealed.into(), row.id.uuid().into()];
    store.db.writer().execute_raw(sql::statement(store.db.backend(), body, values)).await?;
    Ok(())
}

fn read(store: &Store, row: &Model, sealed: &[u8]) -> Result<Invoice, Error> {
    let json = store.vault.unseal(place(row), sealed)?;
    serde_json::from_slice(&json)
        .map_err(|_| Error::Inconsistent("an invoice cannot be read".to_owned()))
}

fn place(row: &Model) -> Place {
    Place::new("invoices.snapshot", row.id.uuid())
}
