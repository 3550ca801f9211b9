//! What a receipt says.

use entities::{Money, PaymentId, Timestamp, customer, package, payment};
use sea_orm::EntityTrait;

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
    /// Credits the payer has now.
    pub balance: i64,
    /// How it was paid, as far as it may be shown: brand and last four digits.
    pub method: Option<(String, String)>,
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

/// The receipt of payment `id`; `None` if it has not succeeded.
pub async fn find(store: &Store, id: PaymentId) -> Result<Option<Receipt>, Error> {
    let Some(payment) = payment::Entity::find_by_id(id).one(store.db.reader()).await? else {
        return Ok(None);
    };
    let Some(succeeded_at) = payment.succeeded_at else {
        return Ok(None);
    };
    let missing = |what: &str| Error::Inconsistent(format!("payment {id} has no {what}"));
    let customer = customer::Entity::find_by_id(payment.customer_id).one(store.db.reader()).await?;
    let customer = customer.ok_or_else(|| missing("customer"))?;
    let package = package::Entity::find_by_id(payment.package_id.clone());
    let package = package.one(store.db.reader()).await?.ok_or_else(|| missing("package"))?;
    Ok(Some(Receipt {
        payment_id: id,
        email: customers::email(store, &customer)?,
        package: package.name,
        paid: payment.price(),
        credits: payment.total_credits(),
        balance: ledger::balance(store, payment.customer_id).await?.available,
        method: payment.method_brand.clone().zip(payment.method_last4.clone()),
        succeeded_at,
        receipt_url: payment.receipt_url,
    }))
}
