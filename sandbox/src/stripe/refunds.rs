//! Refunds: money on its way back, asked for by the merchant's server or in the dashboard.

use serde_json::{Value, json};

use super::{
    Work,
    charges::Charge,
    list::OfCharge,
    metadata::{self, Metadata},
    written,
};
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// Its refund is pending for a while, then succeeds.
const PENDING: &str = "4000000000007726";

/// Its refund succeeds, and fails a while later.
const FAILING: &str = "4000000000005126";

/// Why a merchant may say a refund is made.
const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

/// Money on its way back.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    id: String,
    created: i64,
    charge: String,
    intent: String,
    amount: i64,
    currency: String,
    reason: Option<String>,
    metadata: Metadata,
    status: &'static str,
    failure: Option<&'static str>,
    /// What becomes of it by itself, if something does.
    then: Option<&'static str>,
}

impl Refund {
    /// As Stripe shows it.
    pub(crate) fn view(&self) -> Value {
        let mut view = json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": null,
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "destination_details": {
                "card": {
                    "reference_status": "pending",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            },
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "reason": self.reason,
            "receipt_number": null,
            "source_transfer_reversal": null,
            "status": self.status,
            "transfer_reversal": null,
        });
        if let Some(failure) = self.failure {
            view["failure_reason"] = json!(failure);
        }
        view
    }
}

impl Work<'_> {
    /// `POST /v1/refunds`
    pub(crate) fn create_refund(&mut self, params: &Params) -> Result<Value, ApiError> {
        params.only(&["amount", "charge", "expand", "metadata", "payment_intent", "reason"])?;
        let charge = self.charge_to_refund(params)?;
        let left = charge.amount - charge.refunded;
        let amount = params.integer("amount")?.unwrap_or(left);
        let reason = params.choice("reason", &REASONS)?.map(str::to_owned);
        let mut metadata = Metadata::new();
        metadata::patch(&mut metadata, params)?;
        check(&charge, amount, left)?;
        Ok(self.refund(&charge, amount, reason, metadata))
    }

    /// Sends `amount` of `charge` back.
    pub(crate) fn refund(
        &mut self,
        charge: &Charge,
        amount: i64,
        reason: Option<String>,
        metadata: Metadata,
    ) -> Value {
        let (status, then) = match charge.method.card.number {
            PENDING => ("pending", Some("succeeded")),
            FAILING => ("succeeded", Some("failed")),
            _ => ("succeeded", None),
        };
        let refund = Refund {
            id: ids::random("re_3", 23),
            created: self.now,
            charge: charge.id.clone(),
            intent: charge.intent.clone(),
            amount,
            currency: charge.currency.clone(),
            reason,
            metadata,
            status,
            failure: None,
            then,
        };
        if then.is_some() {
            self.refunding.push(refund.id.clone());
        }
        let view = refund.view();
        self.state.refunds.insert(refund.id.clone(), refund);
        self.emit("refund.created", view.clone());
        self.count_refunded(&charge.id, amount, "charge.refunded");
        view
    }

    /// Refunds `amount` of the intent `id` as if in the dashboard; all that is left, if `None`.
    pub(crate) fn refund_in_dashboard(
        &mut self,
        id: &str,
        amount: Option<i64>,
    ) -> Result<Value, ApiError> {
        let charge = self.charge_of(id)?;
        let left = charge.amount - charge.refunded;
        let amount = amount.unwrap_or(left);
        check(&charge, amount, left)?;
        Ok(self.refund(&charge, amount, None, Metadata::new()))
    }

    /// `GET /v1/refunds/{id}`
    pub(crate) fn retrieve_refund(&self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let refund = self.state.refunds.get(id);
        refund.map(Refund::view).ok_or_else(|| ApiError::not_found("refund", id, "refund"))
    }

    /// `GET /v1/refunds`
    pub(crate) fn list_refunds(&self, params: &Params) -> Result<Value, ApiError> {
        let of = OfCharge::read(params)?;
        let wanted = |it: &Refund| of.has(it.created, &it.charge, &it.intent);
        of.page.of(&self.state.refunds, "refund", "/v1/refunds", wanted, Refund::view)
    }

    /// Lets the refund `id` become what it becomes by itself.
    pub(crate) fn conclude_refund(&mut self, id: &str) {
        let Some(refund) = self.state.refunds.get_mut(id) else { return };
        let Some(then) = refund.then.take() else { return };
        refund.status = then;
        let failed = then == "failed";
        refund.failure = failed.then_some("expired_or_canceled_card");
        let (view, charge, amount) = (refund.view(), refund.charge.clone(), refund.amount);
        self.emit(if failed { "refund.failed" } else { "refund.updated" }, view);
        if failed {
            self.count_refunded(&charge, -amount, "charge.updated");
        }
    }

    fn charge_to_refund(&self, params: &Params) -> Result<Charge, ApiError> {
        match (params.filled("charge")?, params.filled("payment_intent")?) {
            (Some(_), Some(_)) => Err(ApiError::exclusive("charge", "payment_intent")),
            (None, None) => Err(ApiError::invalid(
                "One of the following params should be provided for this request: payment_intent \
                 or charge.",
            )),
            (Some(id), None) => {
                let found = self.state.charges.get(id).filter(|charge| charge.is_paid());
                found.cloned().ok_or_else(|| ApiError::no_such("charge", id, "charge"))
            }
            (None, Some(intent)) => self.charge_of(intent),
        }
    }

    /// The charge that took the money of the intent `id`.
    fn charge_of(&self, id: &str) -> Result<Charge, ApiError> {
        let missing = || ApiError::no_such("payment_intent", id, "payment_intent");
        let intent = self.state.intents.get(id).ok_or_else(missing)?;
        let charge = intent.latest_charge.as_deref().and_then(|id| self.state.charges.get(id));
        charge.filter(|charge| charge.is_paid()).cloned().ok_or_else(|| no_charge(id))
    }

    fn count_refunded(&mut self, charge: &str, amount: i64, kind: &'static str) {
        let Some(charge) = self.state.charges.get_mut(charge) else { return };
        charge.refunded += amount;
        let view = charge.view();
        self.emit(kind, view);
    }
}

fn check(charge: &Charge, amount: i64, left: i64) -> Result<(), ApiError> {
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", charge.id);
        return Err(ApiError::invalid(message).code("charge_already_refunded"));
    }
    if charge.disputed {
        let message = format!("Charge {} has been charged back; cannot issue a refund.", charge.id);
        return Err(ApiError::invalid(message).code("charge_disputed"));
    }
    if amount <= 0 {
        let message = "This value must be greater than or equal to 1.";
        let error = ApiError::invalid(message).code("parameter_invalid_integer");
        return Err(error.param("amount"));
    }
    if amount > left {
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            written(amount, &charge.currency),
            written(left, &charge.currency)
        );
        return Err(ApiError::invalid(message).param("amount"));
    }
    Ok(())
}

fn no_charge(intent: &str) -> ApiError {
    let message =
        format!("This PaymentIntent ({intent}) does not have a successful charge to refund.");
    ApiError::invalid(message).code("payment_intent_unexpected_state").param("payment_intent")
}
