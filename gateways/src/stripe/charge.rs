//! How a payment was paid, as far as it may be shown.

use entities::{Timestamp, fact::MethodSummary};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::json::{code, is_code, link};

/// The parts of a charge that we use.
#[derive(Deserialize)]
pub(super) struct Charge<'a> {
    #[serde(default)]
    created: Option<i64>,
    #[serde(default)]
    payment_method_details: Option<Method>,
    #[serde(borrow, default)]
    receipt_url: Option<&'a RawValue>,
}

/// A payment method: its kind, and under the name of its kind what it is.
#[derive(Deserialize)]
pub(super) struct Method(Map<String, Value>);

impl Charge<'_> {
    pub(super) fn created(&self) -> Option<Timestamp> {
        self.created.filter(|seconds| *seconds > 0).map(Timestamp::from_seconds)
    }

    pub(super) fn method(&self) -> Option<MethodSummary> {
        self.payment_method_details.as_ref().map(Method::summary)
    }

    pub(super) fn receipt_url(&self) -> Option<String> {
        link(self.receipt_url)
    }
}

impl Method {
    pub(super) fn of(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    pub(super) fn summary(&self) -> MethodSummary {
        let Some(kind) = self.0.get("type").and_then(Value::as_str).filter(|kind| is_code(kind))
        else {
            return MethodSummary::default();
        };
        let part = |name| self.0.get(kind)?.get(name)?.as_str();
        MethodSummary {
            kind: Some(kind.to_owned()),
            brand: part("brand").filter(|brand| is_code(brand)).map(str::to_owned),
            last4: part("last4").filter(|last4| is_last4(last4)).map(str::to_owned),
        }
    }
}

/// What is known of the method when Stripe names only what the payer might have chosen.
pub(super) fn only_choice(types: Option<&RawValue>) -> MethodSummary {
    let types: Vec<&RawValue> = crate::json::maybe(types).unwrap_or_default();
    let kind = match types.as_slice() {
        [only] => code(Some(only)),
        _ => None,
    };
    MethodSummary { kind, ..MethodSummary::default() }
}

/// Four characters and not one more: a longer number may not be stored.
fn is_last4(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
