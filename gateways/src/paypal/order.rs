//! PayPal's orders in our words.

use std::borrow::Cow;

use entities::{
    Money, PaymentId, Provider, Timestamp,
    fact::{Evidence, Fact, Failure, MethodSummary, News, Receipt, RiskLevel},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use url::Url;

use super::{amount::Amount, event::parse_time, refusal, requests::is_id};
use crate::{
    ProviderPayment, Unreadable,
    json::{is_code, maybe},
};

/// The parts of an order that we use; the raw ones we can do without.
#[derive(Deserialize)]
pub(super) struct Order<'a> {
    id: String,
    #[serde(borrow)]
    status: Cow<'a, str>,
    purchase_units: Vec<Unit<'a>>,
    #[serde(borrow, default)]
    payment_source: Option<&'a RawValue>,
    #[serde(borrow, default)]
    links: Option<&'a RawValue>,
    #[serde(borrow, default)]
    create_time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    update_time: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Unit<'a> {
    amount: Amount,
    #[serde(borrow, default)]
    custom_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payee: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payments: Option<Payments<'a>>,
}

#[derive(Deserialize)]
struct Payee {
    merchant_id: String,
}

#[derive(Deserialize)]
struct Payments<'a> {
    #[serde(default)]
    captures: Vec<Capture>,
    #[serde(borrow, default)]
    refunds: Option<&'a RawValue>,
}

#[derive(Clone, Deserialize)]
struct Capture {
    #[serde(default)]
    id: String,
    status: String,
    amount: Amount,
    #[serde(default)]
    status_details: Option<Details>,
    #[serde(default)]
    create_time: Option<String>,
    #[serde(default)]
    update_time: Option<String>,
    #[serde(default)]
    seller_protection: Option<Value>,
}

#[derive(Clone, Deserialize)]
struct Details {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Link {
    href: String,
    rel: String,
}

/// What is known of an order from around it.
pub(super) struct Context<'a> {
    pub(super) livemode: bool,
    /// The merchant we are, if that was configured.
    pub(super) merchant_id: Option<&'a str>,
    pub(super) answered_at: Option<Timestamp>,
    /// PayPal's page on which payers approve orders.
    pub(super) approval: &'a Url,
}

impl<'a> Order<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Unreadable> {
        let order: Self = serde_json::from_slice(body)?;
        if !is_id(&order.id) {
            return Err(Unreadable::new("the order's id is not an id"));
        }
        if order.purchase_units.len() != 1 {
            return Err(Unreadable::new("the order is not one purchase"));
        }
        Ok(order)
    }

    /// The payment that this order is; `news` if more is known than the order tells.
    pub(super) fn payment(
        &self,
        news: Option<News>,
        context: &Context<'_>,
    ) -> Result<ProviderPayment, Unreadable> {
        let occurred_at = match &news {
            Some(_) => context.answered_at.or_else(|| self.changed_at()),
            None => self.changed_at().or(context.answered_at),
        };
        let unit = self.unit()?;
        let fact = Fact {
            provider: Provider::Paypal,
            reference: self.id.clone(),
            claimed: maybe::<String>(unit.custom_id).and_then(|id| id.parse::<PaymentId>().ok()),
            livemode: context.livemode,
            // Whom the payer pays is compared only if we know who we are.
            account: context.merchant_id.map(|_| unit.merchant()),
            asked: unit.amount.money()?,
            occurred_at: occurred_at.ok_or(Unreadable::new("the answer has no time"))?,
            news: news.map_or_else(|| self.news(), Ok)?,
        };
        Ok(ProviderPayment {
            fact,
            client_secret: None,
            needs_confirmation: self.status == "APPROVED",
            payer_agreed: self.status == "APPROVED",
            next_action_url: self.approval_url(context.approval),
        })
    }

    /// What became of the payment, by the status of the order and, once there is one, its capture:
    /// a completed order may hold a capture that is still pending.
    fn news(&self) -> Result<News, Unreadable> {
        match &*self.status {
            "CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED" => Ok(News::RequiresAction),
            "APPROVED" => Ok(News::Created),
            "VOIDED" => Ok(News::Canceled),
            "COMPLETED" => self.captured(),
            _ => Err(Unreadable::new("the order's status is unknown")),
        }
    }

    fn captured(&self) -> Result<News, Unreadable> {
        let captures = self.captures();
        if captures.is_empty() {
            return Err(Unreadable::new("the order is completed without a capture"));
        }
        let collected: Vec<&Capture> = captures.iter().filter(|it| it.is_collected()).collect();
        if !collected.is_empty() {
            let receipt = Receipt { collected: sum(&collected)?, ..self.receipt()? };
            return Ok(News::Succeeded(receipt));
        }
        if captures.iter().any(|capture| capture.status == "PENDING") {
            return Ok(News::Processing);
        }
        let reason = captures.last().and_then(|it| it.status_details.as_ref()?.reason.as_deref());
        if captures.iter().all(|it| matches!(&*it.status, "DECLINED" | "FAILED")) {
            return Ok(News::Failed(denied(reason)));
        }
        Err(Unreadable::new("the capture's status is unknown"))
    }

    fn receipt(&self) -> Result<Receipt, Unreadable> {
        Ok(Receipt {
            collected: self.unit()?.amount.money()?,
            method: MethodSummary { kind: Some(self.source()), ..MethodSummary::default() },
            receipt_url: None,
            evidence: self.evidence(),
        })
    }

    /// What speaks for or against the payer: whether PayPal's seller protection stands in.
    fn evidence(&self) -> Evidence {
        let protection = |capture: &Capture| match capture
            .seller_protection
            .as_ref()?
            .get("status")?
            .as_str()?
        {
            "ELIGIBLE" | "PARTIALLY_ELIGIBLE" => Some(RiskLevel::Normal),
            "NOT_ELIGIBLE" => Some(RiskLevel::Unprotected),
            _ => None,
        };
        let risk = self.captures().iter().filter_map(protection).max();
        Evidence { risk, ..Evidence::default() }
    }

    /// What the payer paid from, as far as PayPal tells: `paypal`, `venmo`, …
    fn source(&self) -> String {
        let source: Option<Map<String, Value>> = maybe(self.payment_source);
        let kind = source.and_then(|source| source.keys().next().cloned());
        kind.filter(|kind| is_code(kind)).unwrap_or_else(|| "paypal".to_owned())
    }

    fn unit(&self) -> Result<&Unit<'a>, Unreadable> {
        self.purchase_units.first().ok_or(Unreadable::new("the order is not one purchase"))
    }

    /// The id of the capture that took the money, if one did.
    pub(super) fn collected(&self) -> Option<&str> {
        let collected = self.captures().iter().rev().find(|capture| capture.is_collected());
        collected.map(|capture| capture.id.as_str()).filter(|id| is_id(id))
    }

    /// Each refund of it, unread.
    pub(super) fn refunds(&self) -> Result<Vec<&'a RawValue>, Unreadable> {
        let payments = self.purchase_units.first().and_then(|unit| unit.payments.as_ref());
        let refunds = payments.and_then(|payments| payments.refunds);
        refunds.map_or(Ok(Vec::new()), |refunds| Ok(serde_json::from_str(refunds.get())?))
    }

    /// Whom the payer paid, to be compared if we know who we are.
    pub(super) fn payee(&self) -> Result<String, Unreadable> {
        self.unit().map(Unit::merchant)
    }

    /// The order's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn captures(&self) -> &[Capture] {
        let payments = self.purchase_units.first().and_then(|unit| unit.payments.as_ref());
        payments.map_or(&[], |payments| &payments.captures)
    }

    /// When the payment came to its present state.
    fn changed_at(&self) -> Option<Timestamp> {
        let text = |raw| maybe::<String>(raw).and_then(|text| parse_time(&text));
        let capture = self.captures().last().and_then(Capture::changed_at);
        capture.or_else(|| text(self.update_time)).or_else(|| text(self.create_time))
    }

    /// Where the payer approves the order, or chooses anew what to pay from; `page` is for orders
    /// that say no more where that is, since they are approved already.
    fn approval_url(&self, page: &Url) -> Option<String> {
        if !matches!(&*self.status, "CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED" | "APPROVED") {
            return None;
        }
        self.approval_link().or_else(|| {
            let mut page = page.clone();
            page.query_pairs_mut().append_pair("token", &self.id);
            Some(page.into())
        })
    }

    fn approval_link(&self) -> Option<String> {
        let links: Vec<Link> = maybe(self.links)?;
        let named = |rel: &str| links.iter().find(|link| link.rel == rel);
        let link = named("payer-action").or_else(|| named("approve"))?;
        let url = Url::parse(&link.href).ok()?;
        matches!(url.scheme(), "https" | "http").then(|| url.into())
    }
}

impl Unit<'_> {
    /// Who is paid; a name that no merchant has, if the order does not say.
    fn merchant(&self) -> String {
        merchant(self.payee)
    }
}

impl Capture {
    /// Whether the money arrived, even if some or all of it went back since.
    fn is_collected(&self) -> bool {
        matches!(&*self.status, "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED")
    }

    fn changed_at(&self) -> Option<Timestamp> {
        let time = self.update_time.as_deref().or(self.create_time.as_deref());
        time.and_then(parse_time)
    }
}

fn sum(captures: &[&Capture]) -> Result<Money, Unreadable> {
    let mut sums = captures.iter().map(|capture| capture.amount.money());
    let first = sums.next().ok_or(Unreadable::new("nothing was captured"))??;
    sums.try_fold(first, |sum, next| {
        sum.checked_add(&next?).map_err(|_| Unreadable::new("the captures have no sum"))
    })
}

/// Why PayPal took a capture back that had been pending.
fn denied(reason: Option<&str>) -> Failure {
    let reason = reason.map(str::to_ascii_lowercase).filter(|reason| is_code(reason));
    Failure { code: refusal::DENIED.to_owned(), decline_code: reason }
}

/// What a capture that was fetched by itself says of where it belongs.
#[derive(Debug)]
pub(super) struct Captured {
    /// The order.
    pub(super) order: String,
    /// Whom the payer paid; a name that no merchant has, if the capture does not say.
    pub(super) merchant: String,
}

#[derive(Deserialize)]
struct BareCapture<'a> {
    #[serde(default)]
    supplementary_data: Option<Supplement>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(borrow, default)]
    payee: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Supplement {
    related_ids: Related,
}

#[derive(Deserialize)]
struct Related {
    order_id: String,
}

impl Captured {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Unreadable> {
        let capture: BareCapture<'_> = serde_json::from_slice(body)?;
        let named = capture.supplementary_data.map(|data| data.related_ids.order_id);
        let linked = || above(&capture.links, "/v2/checkout/orders/");
        let order = named.or_else(linked).filter(|id| is_id(id));
        Ok(Self {
            order: order.ok_or(Unreadable::new("the capture names no order"))?,
            merchant: merchant(capture.payee),
        })
    }
}

/// The id of what an object belongs to, by its link to it.
pub(super) fn above(links: &[Link], path: &str) -> Option<String> {
    let up = links.iter().find(|link| link.rel == "up" && link.href.contains(path))?;
    up.href.rsplit('/').next().map(str::to_owned)
}

fn merchant(payee: Option<&RawValue>) -> String {
    maybe::<Payee>(payee).map_or_else(|| "unknown".to_owned(), |payee| payee.merchant_id)
}

#[cfg(test)]
mod tests;
