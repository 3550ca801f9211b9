//! Stripe's hosted checkout: a session stands for the payment intent that it makes.

use std::borrow::Cow;

use entities::{
    PaymentId, Provider,
    fact::{Evidence, Fact, Failure, MethodSummary, News, Receipt},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{amount::from_stripe, envelope::is_word, intent::Context};
use crate::{Unreadable, json::maybe};

/// The kinds of event that are about a session.
pub(super) const KINDS: [&str; 3] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
];

#[derive(Deserialize)]
struct Session<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    #[serde(borrow)]
    mode: Cow<'a, str>,
    livemode: bool,
    #[serde(borrow, default)]
    payment_status: Option<&'a RawValue>,
    #[serde(default)]
    amount_total: Option<i64>,
    #[serde(borrow, default)]
    currency: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    payment_intent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    client_reference_id: Option<&'a RawValue>,
}

/// What a session says about its payment; `None` if it is not for one.
pub(super) fn read(
    kind: &str,
    json: &str,
    livemode: bool,
    context: Context,
) -> Result<Option<Fact>, Unreadable> {
    let session: Session<'_> = serde_json::from_str(json)?;
    if session.object != "checkout.session" {
        return Err(Unreadable::new("the object is not a checkout session"));
    }
    if session.livemode != livemode {
        return Err(Unreadable::new("the session is of another mode than its event"));
    }
    let reference: Option<String> = maybe(session.payment_intent);
    let Some(reference) = reference.filter(|id| is_word(id) && session.mode == "payment") else {
        return Ok(None);
    };
    let (Some(total), Some(currency)) = (session.amount_total, &session.currency) else {
        return Err(Unreadable::new("the session has no amount"));
    };
    let asked = from_stripe(total, currency)?;
    let claimed = maybe::<String>(session.client_reference_id);
    let paid = maybe::<String>(session.payment_status).is_some_and(|status| status == "paid");
    let news = match kind {
        "checkout.session.async_payment_failed" => {
            News::Failed(Failure { code: "payment_failed".to_owned(), decline_code: None })
        }
        _ if paid => News::Succeeded(Receipt {
            collected: asked.clone(),
            method: MethodSummary::default(),
            receipt_url: None,
            evidence: Evidence::default(),
        }),
        "checkout.session.completed" => News::Processing,
        _ => return Err(Unreadable::new("the session succeeded without being paid")),
    };
    Ok(Some(Fact {
        provider: Provider::Stripe,
        reference,
        claimed: claimed.and_then(|id| id.parse::<PaymentId>().ok()),
        livemode: session.livemode,
        account: context.account,
        asked,
        occurred_at: context.occurred_at,
        news,
    }))
}
