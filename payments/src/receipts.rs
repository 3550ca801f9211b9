//! What a receipt says.

use boot::sql::{Column, Rows, Type, col};
use entities::{Currency, CustomerId, Money, PaymentId, Timestamp, customer, package, payment};
use sea_orm::{EntityTrait, FromQueryResult};

use crate::{Error, Store, customers, ledger};

/// A payment that succeeded, as its payer is told of it.
#[derive(Clone)]
pub struct Receipt {
    /// The payment.
    pub payment_id: PaymentId,
    /// Where to write to; `None` if the host application never said.
    pub email: Option<String>,
    /// What was bought.
    pub package: String,
    /// What was paid.
    pub paid: Money,
    /// Credits granted, bonus included.
    pub credits: i64,
    /// Credits of them that are set aside until somebody has looked at the payment.
    pub held: i64,
    /// Credits the payer has now.
    pub balance: i64,
    /// How it was paid, as far as it may be shown: brand and last four digits.
    pub method: Option<(String, String)>,
    /// The wallet that the card was in: `google_pay`.
    pub wallet: Option<String>,
    /// When it succeeded.
    pub succeeded_at: Timestamp,
    /// The provider's page for it.
    pub receipt_url: Option<String>,
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt").field("payment_id", &self.payment_id).finish_non_exhaustive()
    }
}

const IDS: &[Column] = &[col("id", Type::Uuid)];

// COALESCE, or PostgreSQL may begin with the index of all that succeeded, whichever are asked for.
const QUERY: &str = "SELECT p.id AS payment_id, p.customer_id, c.email, k.name AS package, \
                     p.amount, p.currency, p.credits + p.bonus_credits AS credits, \
                     CAST(COALESCE((SELECT SUM(w.held) FROM reviews w WHERE w.payment_id = p.id \
                     AND w.state = 'open'), 0) AS BIGINT) AS held, \
                     p.method_brand, p.method_last4, p.method_wallet, p.succeeded_at, \
                     p.receipt_url FROM v JOIN payments p ON p.id = v.id JOIN customers c ON c.id = \
                     p.customer_id JOIN packages k ON k.id = p.package_id WHERE \
                     COALESCE(p.succeeded_at, 0) > 0";

#[derive(FromQueryResult)]
struct Row {
    payment_id: PaymentId,
    customer_id: CustomerId,
    email: Option<Vec<u8>>,
    package: String,
    amount: i64,
    currency: Currency,
    credits: i64,
    held: i64,
    method_brand: Option<String>,
    method_last4: Option<String>,
    method_wallet: Option<String>,
    succeeded_at: Timestamp,
    receipt_url: Option<String>,
}

/// The receipt of payment `id`; `None` if it has not succeeded.
pub async fn find(store: &Store, id: PaymentId) -> Result<Option<Receipt>, Error> {
    Ok(find_all(store, &[id]).await?.pop())
}

/// The receipts of those of the payments `ids` that have succeeded, in any order.
pub async fn find_all(store: &Store, ids: &[PaymentId]) -> Result<Vec<Receipt>, Error> {
    let mut rows = Rows::new(IDS);
    for id in ids {
        rows.push([id.uuid().into()]);
    }
    let statement = rows.statement(store.db.backend(), QUERY, Vec::new());
    let rows = Row::find_by_statement(statement).all(store.db.reader()).await?;
    let customers: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    let balances = ledger::spendable(store, &customers).await?;
    rows.into_iter()
        .map(|row| {
            let balance = balances.get(&row.customer_id).copied().unwrap_or_default();
            receipt(store, row, balance)
        })
        .collect()
}

fn receipt(store: &Store, row: Row, balance: i64) -> Result<Receipt, Error> {
    Ok(Receipt {
        payment_id: row.payment_id,
        email: customers::open_email(store, row.customer_id, row.email.as_deref())?,
        package: row.package,
        paid: Money::new(row.amount, row.currency),
        credits: row.credits,
        held: row.held,
        balance,
        method: row.method_brand.zip(row.method_last4),
        wallet: row.method_wallet,
        succeeded_at: row.succeeded_at,
        receipt_url: row.receipt_url,
    })
}

/// A payment that failed, as its payer is told of it.
#[derive(Clone)]
pub struct Failed {
    /// Where to write to; `None` if the host application never said.
    pub email: Option<String>,
    /// What was to be bought.
    pub package: String,
    /// What was asked for.
    pub price: Money,
    /// Why it failed, in the provider's code; `None` if it was paid since.
    pub code: Option<String>,
    /// The bank's finer reason.
    pub decline_code: Option<String>,
}

impl std::fmt::Debug for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failed").field("code", &self.code).finish_non_exhaustive()
    }
}

/// What is to be said of payment `id`, which failed.
pub async fn failure(store: &Store, id: PaymentId) -> Result<Option<Failed>, Error> {
    let Some(payment) = payment::Entity::find_by_id(id).one(store.db.reader()).await? else {
        return Ok(None);
    };
    let missing = |what: &str| Error::Inconsistent(format!("payment {id} has no {what}"));
    let customer = customer::Entity::find_by_id(payment.customer_id).one(store.db.reader()).await?;
    let customer = customer.ok_or_else(|| missing("customer"))?;
    let package = package::Entity::find_by_id(payment.package_id.clone());
    let package = package.one(store.db.reader()).await?.ok_or_else(|| missing("package"))?;
    let failed = payment.status == payment::Status::Failed;
    Ok(Some(Failed {
        email: customers::email(store, &customer)?,
        package: package.name,
        price: payment.price(),
        code: payment.failure_code.filter(|_| failed),
        decline_code: payment.decline_code,
    }))
}
