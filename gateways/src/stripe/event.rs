//! What Stripe's events mean.

use entities::fact::News;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    charged, checkout, dispute,
    envelope::{Event, is_word},
    intent::{Context, Intent},
    refund, warning,
};
use crate::{ReadError, Reading, Unreadable, json::maybe};

/// The kinds of event that are about a payment intent.
const INTENTS: [&str; 6] = [
    "payment_intent.created",
    "payment_intent.requires_action",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
];

/// The kinds of event after which a customer's saved methods are asked for.
const METHODS: [&str; 5] = [
    "setup_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "payment_method.automatically_updated",
];

/// The kinds of event that mean something to us, but for those that only repeat what others say.
pub(super) fn kinds() -> Vec<String> {
    let kinds = INTENTS.iter().chain(&charged::KINDS).chain(&checkout::KINDS).chain(&METHODS);
    let kinds = kinds.chain(&refund::KINDS).chain(&dispute::KINDS).chain(&warning::KINDS);
    kinds.map(|kind| (*kind).to_owned()).collect()
}

/// Says what a stored event means.
pub(super) fn read(body: &[u8]) -> Result<Reading, ReadError> {
    let event = Event::parse(body).map_err(ReadError::Malformed)?;
    let kind = &*event.kind;
    if INTENTS.contains(&kind) {
        return read_intent(&event);
    }
    if METHODS.contains(&kind) {
        return Ok(owner(&event).map_or(Reading::Irrelevant, Reading::Methods));
    }
    if warning::KINDS.contains(&kind) {
        let warning = warning::read(event.about(), event.livemode, event.account());
        let warning = warning.map_err(ReadError::Malformed)?;
        return Ok(warning.map_or(Reading::Irrelevant, |it| Reading::Warning(Box::new(it))));
    }
    let context = Context { account: event.account(), occurred_at: event.occurred_at() };
    if refund::KINDS.contains(&kind) || dispute::KINDS.contains(&kind) || kind == refund::CHANGED {
        return read_money_back(&event);
    }
    let fact = if charged::KINDS.contains(&kind) {
        charged::read(event.about(), event.livemode, context)
    } else if checkout::KINDS.contains(&kind) {
        checkout::read(kind, event.about(), event.livemode, context)
    } else {
        Ok(None)
    };
    let fact = fact.map_err(ReadError::Malformed)?;
    Ok(fact.map_or(Reading::Irrelevant, |fact| Reading::Fact(Box::new(fact))))
}

#[derive(Deserialize)]
struct Owned<'a> {
    #[serde(borrow, default)]
    customer: Option<&'a RawValue>,
}

/// Whose method it is; of one that was detached, whose it was.
fn owner(event: &Event<'_>) -> Option<String> {
    let of = |json: &str| {
        let owned: Owned<'_> = serde_json::from_str(json).ok()?;
        maybe::<String>(owned.customer).filter(|customer| is_word(customer))
    };
    of(event.about()).or_else(|| event.before().and_then(of))
}

fn read_intent(event: &Event<'_>) -> Result<Reading, ReadError> {
    let intent = Intent::parse(event.about()).map_err(ReadError::Malformed)?;
    if intent.livemode != event.livemode {
        return Err(ReadError::Contradiction("mode"));
    }
    let news = news(event, &intent)?;
    let context = Context { account: event.account(), occurred_at: event.occurred_at() };
    let fact = intent.fact(news, context).map_err(ReadError::Malformed)?;
    Ok(Reading::Fact(Box::new(fact)))
}

/// What an event says of money that goes back, if it does.
fn read_money_back(event: &Event<'_>) -> Result<Reading, ReadError> {
    let kind = &*event.kind;
    if refund::KINDS.contains(&kind) {
        let (account, livemode) = (event.account(), Some(event.livemode));
        let around = refund::Around { account, livemode, at: Some(event.occurred_at()) };
        let fact = refund::read(event.about(), around).map_err(ReadError::Malformed)?;
        return Ok(fact.map_or(Reading::Irrelevant, |fact| Reading::Refund(Box::new(fact))));
    }
    if dispute::KINDS.contains(&kind) {
        let context = Context { account: event.account(), occurred_at: event.occurred_at() };
        let fact = dispute::read(kind, event.about(), event.livemode, context);
        let fact = fact.map_err(ReadError::Malformed)?;
        return Ok(fact.map_or(Reading::Irrelevant, |fact| Reading::Dispute(Box::new(fact))));
    }
    let changed = (kind == refund::CHANGED).then(|| refund::changed(event.about())).flatten();
    Ok(changed.map_or(Reading::Irrelevant, Reading::Refunds))
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
