//! Stripe's early fraud warnings in our words.

use std::borrow::Cow;

use entities::{Provider, money_back::WarningFact};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::envelope::is_word;
use crate::{
    Unreadable,
    json::{is_code, maybe},
};

/// The kinds of event that are about an early fraud warning.
pub(super) const KINDS: [&str; 2] =
    ["radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"];

/// What a reason is called that Stripe does not give.
const MISC: &str = "misc";

#[derive(Deserialize)]
struct Warning<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    id: String,
    actionable: bool,
    livemode: bool,
    #[serde(borrow, default)]
    fraud_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payment_intent: Option<&'a RawValue>,
}

/// What a warning says; `None` if it is of a charge without a payment intent, which is none of ours.
pub(super) fn read(
    json: &str,
    livemode: bool,
    account: Option<String>,
) -> Result<Option<WarningFact>, Unreadable> {
    let warning: Warning<'_> = serde_json::from_str(json)?;
    if warning.object != "radar.early_fraud_warning" || !is_word(&warning.id) {
        return Err(Unreadable::new("the object is not an early fraud warning"));
    }
    if warning.livemode != livemode {
        return Err(Unreadable::new("the warning is of another mode than its event"));
    }
    let reason = maybe::<String>(warning.fraud_type).filter(|reason| is_code(reason));
    let payment = maybe(warning.payment_intent).filter(|id: &String| is_word(id));
    Ok(payment.map(|payment_reference| WarningFact {
        provider: Provider::Stripe,
        reference: warning.id,
        payment_reference,
        livemode,
        account,
        reason: reason.unwrap_or_else(|| MISC.to_owned()),
        actionable: warning.actionable,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_warning_says_of_which_payment_and_whether_a_refund_helps() {
        let mut warning = json!({
            "id": "issfr_1", "object": "radar.early_fraud_warning", "actionable": true,
            "charge": "ch_1", "created": 1, "fraud_type": "made_with_stolen_card",
            "livemode": false, "payment_intent": "pi_1",
        });
        let told = read(&warning.to_string(), false, None).unwrap().unwrap();
        assert_eq!((&*told.reference, &*told.payment_reference), ("issfr_1", "pi_1"));
        assert_eq!((&*told.reason, told.actionable), ("made_with_stolen_card", true));
        assert!(read(&warning.to_string(), true, None).is_err());
        warning["payment_intent"] = json!(null);
        assert_eq!(read(&warning.to_string(), false, None).unwrap(), None);
        warning["object"] = json!("refund");
        assert!(read(&warning.to_string(), false, None).is_err());
    }
}
