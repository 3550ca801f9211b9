//! Stripe's refunds in our words, and how they are made.

use std::{borrow::Cow, collections::BTreeMap};

use async_trait::async_trait;
use entities::{
    Provider, RefundId, Timestamp,
    money_back::{RefundFact, RefundNews},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{
    Answer, Stripe,
    amount::{from_stripe, to_stripe},
    envelope::is_word,
    requests::check_reference,
};
use crate::{
    GatewayError, RefundOrder, Refunds, Unreadable,
    json::{code, maybe},
};

/// The kinds of event that are about a refund.
pub(super) const KINDS: [&str; 3] = ["refund.created", "refund.updated", "refund.failed"];

/// The kind of event that says only that a payment's refunds changed.
pub(super) const CHANGED: &str = "charge.refunded";

/// Pages of refunds that are read of one payment; a loop has no end.
const PAGES: usize = 10;

/// The most that Stripe puts on a page.
const PAGE: &str = "100";

/// What a failure is called whose reason Stripe does not give.
const UNKNOWN: &str = "unknown";

#[derive(Deserialize)]
struct Refund<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    id: String,
    amount: i64,
    #[serde(borrow)]
    currency: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    created: i64,
    #[serde(borrow, default)]
    payment_intent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    failure_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    refund_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    has_more: bool,
}

/// A charge, as far as it names its payment.
#[derive(Deserialize)]
struct Charge<'a> {
    #[serde(borrow, default)]
    payment_intent: Option<&'a RawValue>,
}

/// What is known of a refund from around it. Stripe's refunds do not say of which mode they are.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub(super) account: Option<String>,
    pub(super) livemode: Option<bool>,
    /// When it is said; when the refund was made, if `None`.
    pub(super) at: Option<Timestamp>,
}

/// What a refund says; `None` if it is of a charge without a payment intent, which is none of ours.
pub(super) fn read(json: &str, around: Around) -> Result<Option<RefundFact>, Unreadable> {
    let refund: Refund<'_> = serde_json::from_str(json)?;
    if refund.object != "refund" || !is_word(&refund.id) {
        return Err(Unreadable::new("the object is not a refund"));
    }
    let Some(payment_reference) = maybe(refund.payment_intent).filter(|id: &String| is_word(id))
    else {
        return Ok(None);
    };
    let claimed = maybe(refund.metadata).and_then(|metadata: Metadata<'_>| {
        maybe::<String>(metadata.refund_id)?.parse::<RefundId>().ok()
    });
    Ok(Some(RefundFact {
        provider: Provider::Stripe,
        payment_reference,
        claimed,
        livemode: around.livemode,
        account: around.account,
        amount: from_stripe(refund.amount, &refund.currency)?,
        occurred_at: around.at.unwrap_or(Timestamp::from_seconds(refund.created)),
        news: news(&refund)?,
        reference: refund.id,
    }))
}

fn news(refund: &Refund<'_>) -> Result<RefundNews, Unreadable> {
    Ok(match &*refund.status {
        "pending" | "requires_action" => RefundNews::Pending,
        "succeeded" => RefundNews::Succeeded,
        "canceled" => RefundNews::Canceled,
        "failed" => {
            RefundNews::Failed(code(refund.failure_reason).unwrap_or_else(|| UNKNOWN.to_owned()))
        }
        _ => return Err(Unreadable::new("the refund's status is unknown")),
    })
}

/// The payment of a charge whose refunds changed.
pub(super) fn changed(json: &str) -> Option<String> {
    let charge: Charge<'_> = serde_json::from_str(json).ok()?;
    maybe(charge.payment_intent).filter(|id: &String| is_word(id))
}

#[async_trait]
impl Refunds for Stripe {
    async fn create_refund(&self, order: &RefundOrder) -> Result<RefundFact, GatewayError> {
        check_reference(&order.payment_reference)?;
        let amount = to_stripe(&order.amount).ok_or_else(|| {
            GatewayError::refused(400, "amount_invalid", "the amount has no form at Stripe")
        })?;
        let form = BTreeMap::from([
            ("payment_intent", order.payment_reference.clone()),
            ("amount", amount.to_string()),
            ("reason", "requested_by_customer".to_owned()),
            ("metadata[refund_id]", order.refund_id.to_string()),
        ]);
        let request = RequestBuilder::new(StripeMethod::Post, "/refunds").form(&form);
        let answer = self.transport.call(&request, Some(&order.key)).await?;
        let fact = answer.text().and_then(|json| read(json, self.around(&answer)));
        let fact = fact.map_err(GatewayError::Shape)?;
        fact.ok_or(GatewayError::Shape(Unreadable::new("the refund names no payment")))
    }

    async fn list_refunds(&self, payment_reference: &str) -> Result<Vec<RefundFact>, GatewayError> {
        check_reference(payment_reference)?;
        let (mut facts, mut after) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let mut query =
                BTreeMap::from([("payment_intent", payment_reference), ("limit", PAGE)]);
            if let Some(after) = &after {
                query.insert("starting_after", after);
            }
            let request = RequestBuilder::new(StripeMethod::Get, "/refunds").query(&query);
            let answer = self.transport.call(&request, None).await?;
            let (page, more) = self.page_of_refunds(&answer).map_err(GatewayError::Shape)?;
            after = page.last().map(|fact: &RefundFact| fact.reference.clone());
            facts.extend(page);
            if !more || after.is_none() {
                return Ok(facts);
            }
        }
        // Better unknown than half known: what is not on the list may be on its next page.
        Err(GatewayError::Shape(Unreadable::new("the payment has too many refunds to list")))
    }

    fn dashboard_url(&self, reference: &str) -> Option<String> {
        check_reference(reference).ok()?;
        let mode = if self.livemode { "" } else { "test/" };
        let what = if reference.starts_with("pi_") { "payments" } else { "disputes" };
        Some(format!("https://dashboard.stripe.com/{mode}{what}/{reference}"))
    }
}

impl Stripe {
    fn page_of_refunds(&self, answer: &Answer) -> Result<(Vec<RefundFact>, bool), Unreadable> {
        let page: Page<'_> = serde_json::from_str(answer.text()?)?;
        let around = Around { at: None, ..self.around(answer) };
        let facts = page.data.iter().map(|refund| read(refund.get(), around.clone()));
        let facts = facts.collect::<Result<Vec<_>, _>>()?;
        Ok((facts.into_iter().flatten().collect(), page.has_more))
    }

    fn around(&self, answer: &Answer) -> Around {
        Around { account: self.account.clone(), livemode: Some(self.livemode), at: answer.at }
    }
}
