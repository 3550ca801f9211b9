use entities::{Money, PaymentId, RefundId, RefundRequestId, customer, package, payment, refund};
use sea_orm::EntityTrait;

use super::find;
use crate::{Error, Store, customers};

/// What a customer is told about a refund.
#[derive(Clone)]
pub struct RefundNews {
    /// Where to write to; `None` if the host application never said.
    pub email: Option<String>,
    /// The payment.
    pub payment_id: PaymentId,
    /// What was bought.
    pub package: String,
    /// What was paid for it.
    pub paid: Money,
    /// How much goes back, or was asked for.
    pub amount: Money,
    /// How it was paid: brand and last four digits.
    pub method: Option<(String, String)>,
    /// The wallet that the card was in: `google_pay`.
    pub wallet: Option<String>,
    /// The request, if there was one.
    pub request_id: Option<RefundRequestId>,
    /// Why it was denied.
    pub decision: Option<String>,
}

impl std::fmt::Debug for RefundNews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefundNews").field("payment_id", &self.payment_id).finish_non_exhaustive()
    }
}

/// What there is to tell of a request, or of a refund.
pub async fn news(
    store: &Store,
    about: Result<RefundRequestId, RefundId>,
) -> Result<RefundNews, Error> {
    let missing = || Error::Inconsistent("a refund to be told of is gone".to_owned());
    let (request, payment, refund) = match about {
        Ok(id) => {
            let (request, payment, refund) = find(store, id).await?.ok_or_else(missing)?;
            (Some(request), payment, refund)
        }
        Err(id) => {
            let refund = refund::Entity::find_by_id(id).one(store.db.reader()).await?;
            let refund = refund.ok_or_else(missing)?;
            let payment = payment::Entity::find_by_id(refund.payment_id);
            let payment = payment.one(store.db.reader()).await?.ok_or_else(missing)?;
            (None, payment, Some(refund))
        }
    };
    let customer = customer::Entity::find_by_id(payment.customer_id).one(store.db.reader()).await?;
    let package = package::Entity::find_by_id(payment.package_id.clone());
    let package = package.one(store.db.reader()).await?.ok_or_else(missing)?;
    let asked = request.as_ref().map(entities::refund_request::Model::computed);
    let amount = refund.as_ref().map(refund::Model::money).or(asked).ok_or_else(missing)?;
    Ok(RefundNews {
        email: customers::email(store, &customer.ok_or_else(missing)?)?,
        payment_id: payment.id,
        package: package.name,
        paid: payment.price(),
        amount,
        method: payment.method_brand.clone().zip(payment.method_last4.clone()),
        wallet: payment.method_wallet.clone(),
        request_id: request.as_ref().map(|row| row.id).or(refund.and_then(|row| row.request_id)),
        decision: request.and_then(|row| row.decision),
    })
}
