//! Stripe's payment methods, as far as they may be stored and shown.

use entities::fact::KeptMethod;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::charge::Method;

/// The parts of a payment method that we use.
#[derive(Deserialize)]
pub(super) struct Saved {
    pub(super) id: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Saved {
    pub(super) fn into_kept(self) -> KeptMethod {
        let card = self.rest.get("card");
        let number = |name: &str| card.and_then(|card| card.get(name)).and_then(Value::as_i64);
        let month = number("exp_month").filter(|month| (1..=12).contains(month));
        let year = number("exp_year").filter(|year| (2_000..=9_999).contains(year));
        KeptMethod {
            token: self.id,
            exp_month: month,
            exp_year: year,
            summary: Method::of(self.rest).summary(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_card_is_read_with_its_date_and_a_bank_account_without() {
        let card = json!({ "id": "pm_1", "type": "card",
            "card": { "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034 } });
        let kept = serde_json::from_value::<Saved>(card).unwrap().into_kept();
        assert_eq!(
            (kept.token.as_str(), kept.exp_month, kept.exp_year),
            ("pm_1", Some(12), Some(2034))
        );
        assert_eq!(kept.summary.brand.as_deref(), Some("visa"));
        let bank = json!({ "id": "pm_2", "type": "us_bank_account",
            "us_bank_account": { "bank_name": "STRIPE TEST BANK", "last4": "6789" } });
        let kept = serde_json::from_value::<Saved>(bank).unwrap().into_kept();
        assert_eq!((kept.exp_month, kept.summary.brand), (None, None));
        assert_eq!(kept.summary.last4.as_deref(), Some("6789"));
        assert_eq!(kept.summary.kind.as_deref(), Some("us_bank_account"));
    }

    #[test]
    fn nonsense_is_left_out() {
        let odd = json!({ "id": "pm_1", "type": "card",
            "card": { "brand": "visa", "last4": "4242424242424242", "exp_month": 13 } });
        let kept = serde_json::from_value::<Saved>(odd).unwrap().into_kept();
        assert_eq!((kept.summary.last4, kept.exp_month, kept.exp_year), (None, None, None));
    }
}
