//! How a payment was paid, as far as it may be shown.

use entities::{
    Timestamp,
    fact::{CardMark, Evidence, MethodSummary, RiskLevel},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::json::{code, is_code, link, maybe};

/// The parts of a charge that we use.
#[derive(Deserialize)]
pub(super) struct Charge<'a> {
    #[serde(default)]
    created: Option<i64>,
    #[serde(default)]
    payment_method_details: Option<Method>,
    #[serde(borrow, default)]
    receipt_url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    outcome: Option<&'a RawValue>,
}

/// What Stripe's Radar makes of a charge.
#[derive(Deserialize)]
struct Outcome<'a> {
    #[serde(borrow, default)]
    risk_level: Option<&'a RawValue>,
    #[serde(borrow, default)]
    risk_score: Option<&'a RawValue>,
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

    /// What speaks for or against the payer.
    pub(super) fn evidence(&self) -> Evidence {
        let method = self.payment_method_details.as_ref();
        let outcome: Option<Outcome<'_>> = maybe(self.outcome);
        let level = outcome.as_ref().and_then(|outcome| maybe::<String>(outcome.risk_level));
        let score = outcome.and_then(|outcome| maybe::<i64>(outcome.risk_score));
        Evidence {
            card: method.and_then(|method| method.part("fingerprint")).map(CardMark),
            card_country: method
                .and_then(|method| method.part("country"))
                .filter(|code| is_country(code)),
            risk: level.and_then(|level| risk_level(&level)),
            risk_score: score.filter(|score| (0..=100).contains(score)),
        }
    }

    pub(super) fn receipt_url(&self) -> Option<String> {
        link(self.receipt_url)
    }
}

impl Method {
    pub(super) fn of(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// What stands under `name` in the part that is named after the kind.
    fn part(&self, name: &str) -> Option<String> {
        let kind = self.0.get("type")?.as_str()?;
        let text = self.0.get(kind)?.get(name)?.as_str()?;
        (1..=255).contains(&text.len()).then(|| text.to_owned())
    }

    pub(super) fn summary(&self) -> MethodSummary {
        let Some(kind) = self.0.get("type").and_then(Value::as_str).filter(|kind| is_code(kind))
        else {
            return MethodSummary::default();
        };
        let part = |name| self.0.get(kind)?.get(name)?.as_str();
        let wallet = || self.0.get(kind)?.get("wallet")?.get("type")?.as_str();
        MethodSummary {
            kind: Some(kind.to_owned()),
            wallet: wallet().filter(|wallet| is_code(wallet)).map(str::to_owned),
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

/// A code of ISO 3166-1.
fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Radar's words; `not_assessed` and what may come tell nothing.
fn risk_level(word: &str) -> Option<RiskLevel> {
    match word {
        "normal" => Some(RiskLevel::Normal),
        "elevated" => Some(RiskLevel::Elevated),
        "highest" => Some(RiskLevel::Highest),
        _ => None,
    }
}

/// Four characters and not one more: a longer number may not be stored.
fn is_last4(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
