//! Stripe's errors, of which no part may be lost because another cannot be read.

use entities::{Timestamp, fact::Fact};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::intent::{Context, Intent};
use crate::{
    GatewayError,
    json::{code, maybe},
};

/// What an error's class is called that Stripe does not name, or that is none of Stripe's.
const UNKNOWN: &str = "unknown";

/// Stripe's sentences are shorter; a proxy's page is not a sentence.
const MAX_MESSAGE: usize = 500;

#[derive(Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Refusal<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    decline_code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payment_intent: Option<&'a RawValue>,
}

/// The error that an answer with a `status` other than success stands for.
pub(super) fn read(
    status: u16,
    body: &[u8],
    account: Option<&str>,
    at: Option<Timestamp>,
) -> GatewayError {
    let body: Body<'_> = serde_json::from_slice(body).unwrap_or_default();
    let refusal: Refusal<'_> = maybe(body.error).unwrap_or_default();
    let message: String = maybe(refusal.message).unwrap_or_default();
    GatewayError::Api {
        status,
        code: code(refusal.code),
        decline_code: code(refusal.decline_code),
        kind: code(refusal.kind).unwrap_or_else(|| UNKNOWN.to_owned()),
        message: message.chars().take(MAX_MESSAGE).collect(),
        payment: payment(refusal.payment_intent, account, at).map(Box::new),
    }
}

fn payment(raw: Option<&RawValue>, account: Option<&str>, at: Option<Timestamp>) -> Option<Fact> {
    let intent = Intent::parse(raw?.get()).ok()?;
    let occurred_at = intent.settled_at().or(at).or_else(|| intent.created_at())?;
    let context = Context { account: account.map(str::to_owned), occurred_at };
    intent.fact(intent.news().ok()?, context).ok()
}
