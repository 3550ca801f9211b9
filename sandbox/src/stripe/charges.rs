//! Charges: one for each try to take money.

use serde_json::{Value, json};

use super::{
    Work,
    cards::{Decline, FRAUD},
    intents::Intent,
    list::Page,
    metadata::Metadata,
    methods::Method,
};
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// A try to take money, successful or not.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) intent: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// How much of it went back.
    pub(crate) refunded: i64,
    /// Whether the payer went to the bank.
    pub(crate) disputed: bool,
    customer: Option<String>,
    description: Option<String>,
    receipt_email: Option<String>,
    receipt_url: Option<String>,
    shipping: Option<Value>,
    suffix: Option<String>,
    metadata: Metadata,
    pub(crate) method: Method,
    authenticated: bool,
    /// Why it failed, if it did.
    failure: Option<&'static Decline>,
}

impl Charge {
    /// As Stripe shows it.
    pub(crate) fn view(&self) -> Value {
        let paid = self.failure.is_none();
        let mut view = json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": if paid { self.amount } else { 0 },
            "amount_refunded": self.refunded,
            "billing_details": self.method.billing_details,
            "captured": paid,
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "disputed": self.disputed,
            "failure_code": self.failure.map(|decline| decline.code),
            "failure_message": self.failure.map(|decline| decline.message),
            "fraud_details": {},
            "livemode": false,
            "metadata": self.metadata,
            "outcome": self.outcome(),
            "paid": paid,
            "payment_intent": self.intent,
            "payment_method": self.method.id,
            "payment_method_details": self.details(),
            "radar_options": {},
            "receipt_email": self.receipt_email,
            "receipt_number": null,
            "receipt_url": self.receipt_url,
            "refunded": paid && self.refunded == self.amount,
            "shipping": self.shipping,
            "statement_descriptor_suffix": self.suffix,
            "status": if paid { "succeeded" } else { "failed" },
        });
        for field in UNUSED {
            view[field] = Value::Null;
        }
        view["calculated_statement_descriptor"] = json!("QUITTANCE SANDBOX");
        view
    }

    /// Whether it took money.
    pub(crate) fn is_paid(&self) -> bool {
        self.failure.is_none()
    }

    fn outcome(&self) -> Value {
        let Some(decline) = self.failure else {
            let (level, score) = self.method.card.risk();
            return json!({
                "advice_code": null,
                "network_advice_code": null,
                "network_decline_code": null,
                "network_status": "approved_by_network",
                "reason": null,
                "risk_level": level,
                "risk_score": score,
                "seller_message": "Payment complete.",
                "type": "authorized",
            });
        };
        let blocked = decline == &FRAUD;
        json!({
            "advice_code": decline.advice,
            "network_advice_code": if blocked { Value::Null } else { json!("02") },
            "network_decline_code": if blocked { Value::Null } else { json!("01") },
            "network_status": if blocked { "not_sent_to_network" } else { "declined_by_network" },
            "reason": if blocked { "highest_risk_level" } else { decline.reason },
            "risk_level": if blocked { "highest" } else { "normal" },
            "risk_score": if blocked { 92 } else { 27 },
            "seller_message": decline.seller,
            "type": if blocked { "blocked" } else { "issuer_declined" },
        })
    }

    fn details(&self) -> Value {
        let card = self.method.card;
        if !card.is_bank() {
            return json!({ "card": self.card(), "type": "card" });
        }
        json!({
            "type": "us_bank_account",
            "us_bank_account": {
                "account_holder_type": "individual",
                "account_type": "checking",
                "bank_name": "STRIPE TEST BANK",
                "fingerprint": ids::fingerprint(card.number),
                "last4": card.last4(),
                "payment_reference": null,
                "routing_number": "110000000",
            },
        })
    }

    fn card(&self) -> Value {
        let card = self.method.card;
        let cvc = match self.failure.map(|decline| decline.code) {
            Some("incorrect_cvc") => "fail",
            _ => "pass",
        };
        json!({
            "amount_authorized": if self.failure.is_none() { json!(self.amount) } else { Value::Null },
            "authorization_code": null,
            "brand": card.brand(),
            "checks": {
                "address_line1_check": null, "address_postal_code_check": null, "cvc_check": cvc,
            },
            "country": card.country(),
            "exp_month": self.method.exp_month,
            "exp_year": self.method.exp_year,
            "extended_authorization": { "status": "disabled" },
            "fingerprint": ids::fingerprint(card.number),
            "funding": card.funding(),
            "incremental_authorization": { "status": "unavailable" },
            "installments": null,
            "last4": card.last4(),
            "mandate": null,
            "multicapture": { "status": "unavailable" },
            "network": card.brand(),
            "network_token": { "used": false },
            "network_transaction_id": null,
            "overcapture": { "maximum_amount_capturable": self.amount, "status": "unavailable" },
            "regulated_status": "unregulated",
            "three_d_secure": self.three_d_secure(),
            "wallet": self.method.wallet(),
        })
    }

    fn three_d_secure(&self) -> Value {
        if !self.authenticated {
            return Value::Null;
        }
        json!({
            "authentication_flow": "challenge",
            "electronic_commerce_indicator": "05",
            "exemption_indicator": null,
            "result": "authenticated",
            "result_reason": null,
            "transaction_id": self.id.replace("ch_", "3ds_"),
            "version": "2.2.0",
        })
    }
}

/// What a charge has at Stripe and never in the sandbox.
const UNUSED: [&str; 11] = [
    "application",
    "application_fee",
    "application_fee_amount",
    "balance_transaction",
    "failure_balance_transaction",
    "on_behalf_of",
    "review",
    "source_transfer",
    "statement_descriptor",
    "transfer_data",
    "transfer_group",
];

impl Work<'_> {
    /// Writes down a try to take the money of `intent` from `method`.
    pub(crate) fn charge(
        &mut self,
        intent: &Intent,
        method: &Method,
        failure: Option<&'static Decline>,
    ) -> String {
        let id = ids::random("ch_3", 23);
        let receipt = format!("{}/sandbox/receipts/{id}", self.pages);
        let charge = Charge {
            id: id.clone(),
            created: self.now,
            intent: intent.id.clone(),
            amount: intent.amount,
            currency: intent.currency.clone(),
            refunded: 0,
            disputed: false,
            customer: intent.customer.clone(),
            description: intent.description.clone(),
            receipt_email: intent.receipt_email.clone(),
            receipt_url: failure.is_none().then_some(receipt),
            shipping: intent.shipping.clone(),
            suffix: intent.suffix.clone(),
            metadata: intent.metadata.clone(),
            method: method.clone(),
            authenticated: intent.authenticated,
            failure,
        };
        let kind = if failure.is_none() { "charge.succeeded" } else { "charge.failed" };
        let view = charge.view();
        self.state.charges.insert(id.clone(), charge);
        self.emit(kind, view);
        id
    }

    /// `GET /v1/charges/{id}`
    pub(crate) fn retrieve_charge(&self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let charge = self.state.charges.get(id);
        charge.map(Charge::view).ok_or_else(|| ApiError::not_found("charge", id, "id"))
    }

    /// `GET /v1/charges`
    pub(crate) fn list_charges(&self, params: &Params) -> Result<Value, ApiError> {
        let page = Page::read(params, &["customer", "payment_intent"])?;
        let customer = params.filled("customer")?;
        let intent = params.filled("payment_intent")?;
        let wanted = |charge: &Charge| {
            page.created.contains(charge.created)
                && customer.is_none_or(|id| charge.customer.as_deref() == Some(id))
                && intent.is_none_or(|id| charge.intent == id)
        };
        page.of(&self.state.charges, "charge", "/v1/charges", wanted, Charge::view)
    }
}
