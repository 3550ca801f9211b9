//! Stripe's charges: a payment intent's event has only the charge's id, so how it was paid and
//! where its receipt is come from the charge's own event.

use std::borrow::Cow;

use entities::{
    PaymentId, Provider,
    fact::{Fact, News, Receipt},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{amount::from_stripe, charge::Charge, envelope::is_word, intent::Context};
use crate::{Unreadable, json::maybe};

/// The kinds of event that tell how a payment was paid.
pub(super) const KINDS: [&str; 2] = ["charge.succeeded", "charge.updated"];

#[derive(Deserialize)]
struct Taken<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    amount: i64,
    #[serde(borrow)]
    currency: Cow<'a, str>,
    livemode: bool,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow, default)]
    payment_intent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    payment_id: Option<&'a RawValue>,
}

/// What a charge says about its payment; `None` if it did not succeed or belongs to none.
pub(super) fn read(
    json: &str,
    livemode: bool,
    context: Context,
) -> Result<Option<Fact>, Unreadable> {
    let taken: Taken<'_> = serde_json::from_str(json)?;
    if taken.object != "charge" {
        return Err(Unreadable::new("the object is not a charge"));
    }
    if taken.livemode != livemode {
        return Err(Unreadable::new("the charge is of another mode than its event"));
    }
    let reference: Option<String> = maybe(taken.payment_intent);
    let Some(reference) = reference.filter(|id| is_word(id) && taken.status == "succeeded") else {
        return Ok(None);
    };
    let claimed = maybe(taken.metadata).and_then(|metadata: Metadata<'_>| {
        maybe::<String>(metadata.payment_id)?.parse::<PaymentId>().ok()
    });
    let charge: Charge<'_> = serde_json::from_str(json)?;
    let method = charge.method().unwrap_or_default();
    let collected = from_stripe(taken.amount, &taken.currency)?;
    let (receipt_url, evidence) = (charge.receipt_url(), charge.evidence());
    let receipt = Receipt { collected: collected.clone(), method, receipt_url, evidence };
    Ok(Some(Fact {
        provider: Provider::Stripe,
        reference,
        claimed,
        livemode: taken.livemode,
        account: context.account,
        asked: collected,
        occurred_at: context.occurred_at,
        news: News::Charged(receipt),
    }))
}
