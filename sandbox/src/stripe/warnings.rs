//! Early fraud warnings: a bank suspects a payment before its owner complains.

use serde_json::{Value, json};

use super::Work;
use crate::{api::error::ApiError, ids};

impl Work<'_> {
    /// The bank of the payer of the intent `id` suspects fraud.
    pub(crate) fn warn(&mut self, id: &str, fraud_type: &str) -> Result<Value, ApiError> {
        let charge = self.intent(id)?.latest_charge.clone();
        let charge = charge.and_then(|charge| self.state.charges.get(&charge));
        let charge = charge.filter(|charge| charge.is_paid());
        let charge =
            charge.ok_or_else(|| ApiError::invalid("There is nothing here to suspect."))?;
        let view = json!({
            "id": ids::random("issfr_1", 23),
            "object": "radar.early_fraud_warning",
            "actionable": !charge.disputed && charge.refunded < charge.amount,
            "charge": charge.id,
            "created": self.now,
            "fraud_type": fraud_type,
            "livemode": false,
            "payment_intent": id,
        });
        self.emit("radar.early_fraud_warning.created", view.clone());
        Ok(view)
    }
}
