//! What Stripe's events mean.

use entities::fact::News;

use super::{
    envelope::Event,
    intent::{Context, Intent},
};
use crate::{ReadError, Reading, Unreadable};

/// The kinds of event that are about a payment.
pub(super) const KINDS: [&str; 6] = [
    "payment_intent.created",
    "payment_intent.requires_action",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
];

/// Says what a stored event means.
pub(super) fn read(body: &[u8]) -> Result<Reading, ReadError> {
    let event = Event::parse(body).map_err(ReadError::Malformed)?;
    if !KINDS.contains(&&*event.kind) {
        return Ok(Reading::Irrelevant);
    }
    let intent = Intent::parse(event.about()).map_err(ReadError::Malformed)?;
    if intent.livemode != event.livemode {
        return Err(ReadError::Contradiction("mode"));
    }
    let news = news(&event, &intent)?;
    let context = Context { account: event.account(), occurred_at: event.occurred_at() };
    let fact = intent.fact(news, context).map_err(ReadError::Malformed)?;
    Ok(Reading::Fact(Box::new(fact)))
}

/// The kind decides; a success has to be the object's own word too, since credits follow from it.
fn news(event: &Event<'_>, intent: &Intent<'_>) -> Result<News, ReadError> {
    Ok(match &*event.kind {
        "payment_intent.created" => News::Created,
        "payment_intent.requires_action" => News::RequiresAction,
        "payment_intent.processing" => News::Processing,
        "payment_intent.succeeded" if intent.status != "succeeded" => {
            return Err(ReadError::Contradiction("status"));
        }
        "payment_intent.succeeded" => {
            News::Succeeded(intent.receipt().map_err(ReadError::Malformed)?)
        }
        "payment_intent.payment_failed" => News::Failed(intent.failure()),
        "payment_intent.canceled" => News::Canceled,
        _ => return Err(ReadError::Malformed(Unreadable::new("the kind is not about payments"))),
    })
}

#[cfg(test)]
mod tests;
