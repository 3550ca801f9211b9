use std::collections::HashMap;

use boot::sql::{self, Column as Col, Rows, Type, col};
use entities::{
    Currency, CustomerId, Money, PaymentId,
    billing::{Invoice, Seller},
    invoice::{Column, Entity, Model},
    payment,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};

use super::{SERIES, included, issue::issue, written};
use crate::{Error, Store, billing, customers, vault::Place};

/// The invoice of payment `id`; `None` if it has not succeeded.
///
/// What it says is made up the first time it is asked for, and never changes after: neither with
/// the seller's settings nor with the buyer's details.
pub async fn find(store: &Store, seller: &Seller, id: PaymentId) -> Result<Option<Invoice>, Error> {
    Ok(find_all(store, seller, &[id]).await?.remove(&id))
}

/// The invoices of those of the payments `ids` that have succeeded: as [`find`], for many at once.
pub async fn find_all(
    store: &Store,
    seller: &Seller,
    ids: &[PaymentId],
) -> Result<HashMap<PaymentId, Invoice>, Error> {
    let mut rows = numbered(store, ids).await?;
    for id in ids {
        if !rows.iter().any(|row| row.payment_id == *id) {
            rows.extend(issue_late(store, *id).await?);
        }
    }
    let open: Vec<&Model> = rows.iter().filter(|row| row.snapshot.is_none()).collect();
    let mut invoices = compose(store, seller, &open).await?;
    if !fix(store, &open, &invoices).await? {
        // Somebody else has fixed one of them first; theirs counts.
        invoices.clear();
        rows = numbered(store, ids).await?;
    }
    for row in rows {
        if let Some(sealed) = &row.snapshot {
            invoices.insert(row.payment_id, read(store, &row, sealed)?);
        }
    }
    Ok(invoices)
}

const IDS: &[Col] = &[col("id", Type::Uuid)];

async fn numbered(store: &Store, ids: &[PaymentId]) -> Result<Vec<Model>, Error> {
    let mut rows = Rows::new(IDS);
    for id in ids {
        rows.push([id.uuid().into()]);
    }
    let body = "SELECT i.* FROM v JOIN invoices i ON i.payment_id = v.id";
    let statement = rows.statement(store.db.backend(), body, Vec::new());
    Ok(Entity::find().from_raw_sql(statement).all(store.db.writer()).await?)
}

/// A payment that succeeded before there were invoices gets its number now.
async fn issue_late(store: &Store, id: PaymentId) -> Result<Option<Model>, Error> {
    let Some(payment) = payment::Entity::find_by_id(id).one(store.db.reader()).await? else {
        return Ok(None);
    };
    if payment.succeeded_at.is_none() {
        return Ok(None);
    }
    let txn = store.db.begin().await?;
    // The payment's row is the lock: of two who ask at once, the second finds the invoice.
    let body = "UPDATE payments SET updated_at = updated_at WHERE id = ?1";
    let values = vec![id.uuid().into()];
    txn.execute_raw(sql::statement(txn.get_database_backend(), body, values)).await?;
    let known = Entity::find().filter(Column::PaymentId.eq(id)).one(&txn).await?;
    if known.is_none() {
        issue(&txn, &payment, store.clock.now()).await?;
    }
    txn.commit().await?;
    Ok(numbered(store, &[id]).await?.pop())
}

const SOLD: &str = "SELECT p.id AS payment_id, p.amount, p.currency, p.credits + p.bonus_credits \
                    AS credits, p.method_kind, p.method_brand, p.method_last4, p.method_wallet, \
                    c.id AS customer_id, c.email, c.billing, k.name AS package FROM v JOIN \
                    payments p ON p.id = v.id JOIN customers c ON c.id = p.customer_id JOIN \
                    packages k ON k.id = p.package_id";

/// What was sold, and to whom.
#[derive(FromQueryResult)]
struct Sold {
    payment_id: PaymentId,
    amount: i64,
    currency: Currency,
    credits: i64,
    method_kind: Option<String>,
    method_brand: Option<String>,
    method_last4: Option<String>,
    method_wallet: Option<String>,
    customer_id: CustomerId,
    email: Option<Vec<u8>>,
    billing: Option<Vec<u8>>,
    package: String,
}

/// What the invoices of `open` say, as things stand now.
async fn compose(
    store: &Store,
    seller: &Seller,
    open: &[&Model],
) -> Result<HashMap<PaymentId, Invoice>, Error> {
    if open.is_empty() {
        return Ok(HashMap::new());
    }
    let mut rows = Rows::new(IDS);
    for row in open {
        rows.push([row.payment_id.uuid().into()]);
    }
    let statement = rows.statement(store.db.backend(), SOLD, Vec::new());
    let sold = Sold::find_by_statement(statement).all(store.db.reader()).await?;
    let mut sold: HashMap<PaymentId, Sold> =
        sold.into_iter().map(|sold| (sold.payment_id, sold)).collect();
    let mut invoices = HashMap::with_capacity(open.len());
    for row in open {
        let id = row.payment_id;
        let missing = || Error::Inconsistent(format!("the invoice of {id} bills nothing"));
        let sold = sold.remove(&id).ok_or_else(missing)?;
        invoices.insert(id, say(store, seller, row, sold)?);
    }
    Ok(invoices)
}

fn say(store: &Store, seller: &Seller, row: &Model, sold: Sold) -> Result<Invoice, Error> {
    let tax = included(sold.amount, seller.tax_basis_points);
    let money = |minor| Money::new(minor, sold.currency.clone());
    let brand = sold.method_brand.or(sold.method_kind);
    Ok(Invoice {
        number: written(SERIES, row.number),
        payment_id: row.payment_id,
        issued_at_micros: row.issued_at.micros(),
        seller: seller.clone(),
        buyer: billing::open(&store.vault, sold.customer_id, sold.billing.as_deref())?,
        buyer_email: customers::open_email(store, sold.customer_id, sold.email.as_deref())?,
        item: sold.package,
        credits: sold.credits,
        total: money(sold.amount),
        net: money(tax.net),
        tax: money(tax.tax),
        method: brand.zip(sold.method_last4),
        wallet: sold.method_wallet,
    })
}

/// Fixes what the invoices of `open` say; whether all of it is as `invoices` has it.
async fn fix(
    store: &Store,
    open: &[&Model],
    invoices: &HashMap<PaymentId, Invoice>,
) -> Result<bool, Error> {
    const COLUMNS: &[Col] = &[col("id", Type::Uuid), col("snapshot", Type::Bytes)];
    if open.is_empty() {
        return Ok(true);
    }
    let mut rows = Rows::new(COLUMNS);
    for row in open {
        let json = serde_json::to_vec(&invoices[&row.payment_id])
            .map_err(|_| Error::Inconsistent("an invoice cannot be written".to_owned()))?;
        let sealed = store.vault.seal(place(row), &json)?;
        rows.push([row.id.uuid().into(), sealed.into()]);
    }
    let body = "UPDATE invoices SET snapshot = v.snapshot FROM v WHERE invoices.id = v.id AND \
                invoices.snapshot IS NULL";
    let statement = rows.statement(store.db.backend(), body, Vec::new());
    let fixed = store.db.writer().execute_raw(statement).await?.rows_affected();
    Ok(fixed == open.len() as u64)
}

fn read(store: &Store, row: &Model, sealed: &[u8]) -> Result<Invoice, Error> {
    let json = store.vault.unseal(place(row), sealed)?;
    serde_json::from_slice(&json)
        .map_err(|_| Error::Inconsistent("an invoice cannot be read".to_owned()))
}

fn place(row: &Model) -> Place {
    Place::new("invoices.snapshot", row.id.uuid())
}
