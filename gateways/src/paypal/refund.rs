//! PayPal's refunds in our words, and how they are made.

use async_trait::async_trait;
use entities::{
    Money, Provider, RefundId, Timestamp,
    money_back::{RefundFact, RefundNews},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Answer, Order, PayPal,
    amount::Amount,
    dispute::{Taken, taken},
    event::parse_time,
    order::{Link, above},
    requests::{self, is_dispute, is_id},
};
use crate::{
    GatewayError, RefundOrder, Refunds, Unreadable,
    json::{is_code, maybe},
};

/// What a failure is called whose reason PayPal does not give.
const UNKNOWN: &str = "unknown";

/// The parts of a refund that we use; the raw ones we can do without.
#[derive(Deserialize)]
struct Refund<'a> {
    id: String,
    status: String,
    amount: Amount,
    #[serde(borrow, default)]
    custom_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    invoice_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status_details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    create_time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    update_time: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Details {
    reason: String,
}

/// A refund, as far as it names its capture.
#[derive(Deserialize)]
struct Linked {
    #[serde(default)]
    links: Vec<Link>,
}

/// A refund that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    reference: String,
    /// Whether it says whose it is; if not, it is to be asked for by itself.
    is_named: bool,
    claimed: Option<RefundId>,
    amount: Money,
    made_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    news: RefundNews,
}

impl Told {
    fn parse(json: &str) -> Result<Self, Unreadable> {
        let refund: Refund<'_> = serde_json::from_str(json)?;
        if !is_id(&refund.id) {
            return Err(Unreadable::new("the refund's id is not an id"));
        }
        let time = |raw| maybe::<String>(raw).and_then(|text| parse_time(&text));
        let names = [refund.custom_id, refund.invoice_id].map(maybe::<String>);
        let made_at = time(refund.create_time);
        Ok(Self {
            is_named: names.iter().any(Option::is_some),
            claimed: names.iter().flatten().find_map(|name| name.parse().ok()),
            amount: refund.amount.money()?,
            made_at,
            changed_at: time(refund.update_time).or(made_at),
            news: news(&refund)?,
            reference: refund.id,
        })
    }
}

fn news(refund: &Refund<'_>) -> Result<RefundNews, Unreadable> {
    Ok(match &*refund.status {
        "PENDING" => RefundNews::Pending,
        "COMPLETED" => RefundNews::Succeeded,
        "CANCELLED" => RefundNews::Canceled,
        "FAILED" => {
            let reason = maybe(refund.status_details).map(|details: Details| details.reason);
            let reason = reason.map(|reason| reason.to_ascii_lowercase());
            let reason = reason.filter(|reason| is_code(reason));
            RefundNews::Failed(reason.unwrap_or_else(|| UNKNOWN.to_owned()))
        }
        _ => return Err(Unreadable::new("the refund's status is unknown")),
    })
}

/// The capture that a refund, fetched by itself, gives back.
pub(super) fn capture_of(body: &[u8]) -> Result<String, Unreadable> {
    let refund: Linked = serde_json::from_slice(body)?;
    let capture = above(&refund.links, "/v2/payments/captures/").filter(|id| is_id(id));
    capture.ok_or(Unreadable::new("the refund names no capture"))
}

/// Leaves out what disputes took: PayPal lists that among the refunds, and tells of it with the
/// dispute as well. A dispute takes its amount once, after it was opened.
fn without_disputes(refunds: Vec<Told>, mut disputes: Vec<Taken>) -> Vec<Told> {
    let is_refund = |refund: &Told| {
        let taken = disputes.iter().position(|dispute| {
            refund.claimed.is_none()
                && refund.amount == dispute.amount
                && refund.made_at.zip(dispute.opened_at).is_none_or(|(made, opened)| made >= opened)
        });
        taken.map(|index| disputes.swap_remove(index)).is_none()
    };
    let mut is_refund = is_refund;
    refunds.into_iter().filter(|refund| is_refund(refund)).collect()
}

#[async_trait]
impl Refunds for PayPal {
    async fn create_refund(&self, wish: &RefundOrder) -> Result<RefundFact, GatewayError> {
        let order = self.order_of(&wish.payment_reference).await?;
        let answer = self.order(&order).await?;
        let order = Order::parse(&answer.body).map_err(GatewayError::Shape)?;
        let capture = order.collected().ok_or_else(|| {
            GatewayError::refused(422, "CAPTURE_NOT_COMPLETED", "the order was not paid")
        })?;
        let request = requests::refund_capture(capture, wish)?;
        let answer = self.transport.post(&request, &wish.key).await?;
        let told = answer.text().and_then(Told::parse).map_err(GatewayError::Shape)?;
        // Whatever it is called there, it is what PayPal made of our request.
        let told = Told { claimed: Some(wish.refund_id), ..told };
        self.refund_fact(&order, told, &answer).map_err(GatewayError::Shape)
    }

    async fn list_refunds(&self, reference: &str) -> Result<Vec<RefundFact>, GatewayError> {
        let order = self.order_of(reference).await?;
        let answer = self.order(&order).await?;
        let order = Order::parse(&answer.body).map_err(GatewayError::Shape)?;
        let mut refunds = Vec::new();
        for refund in order.refunds().map_err(GatewayError::Shape)? {
            let told = Told::parse(refund.get()).map_err(GatewayError::Shape)?;
            refunds.push(if told.is_named { told } else { self.whole_refund(&told).await? });
        }
        if let (true, Some(capture)) =
            (refunds.iter().any(|refund| refund.claimed.is_none()), order.collected())
        {
            let disputes = self.transport.ask(&requests::disputes_of(capture)).await?;
            refunds =
                without_disputes(refunds, taken(&disputes.body).map_err(GatewayError::Shape)?);
        }
        let facts = refunds.into_iter().map(|told| self.refund_fact(&order, told, &answer));
        facts.collect::<Result<_, _>>().map_err(GatewayError::Shape)
    }

    /// Payments are found there by their capture, which is not what we call them by.
    fn dashboard_url(&self, reference: &str) -> Option<String> {
        let mode = if self.livemode { "" } else { "sandbox." };
        let url =
            || format!("https://www.{mode}paypal.com/resolutioncenter/view/{reference}/inquiry");
        (is_dispute(reference) && reference.contains('-')).then(url)
    }
}

impl PayPal {
    /// A refund that its order does not list with all its parts.
    async fn whole_refund(&self, told: &Told) -> Result<Told, GatewayError> {
        let answer = self.transport.ask(&requests::refund(&told.reference)).await?;
        answer.text().and_then(Told::parse).map_err(GatewayError::Shape)
    }

    fn refund_fact(
        &self,
        order: &Order<'_>,
        told: Told,
        answer: &Answer,
    ) -> Result<RefundFact, Unreadable> {
        let payee = order.payee()?;
        Ok(RefundFact {
            provider: Provider::Paypal,
            reference: told.reference,
            payment_reference: order.id().to_owned(),
            claimed: told.claimed,
            livemode: Some(self.livemode),
            account: self.merchant_id.as_ref().map(|_| payee),
            amount: told.amount,
            occurred_at: told
                .changed_at
                .or(answer.at)
                .ok_or(Unreadable::new("the refund has no time"))?,
            news: told.news,
        })
    }
}

#[cfg(test)]
mod tests;
