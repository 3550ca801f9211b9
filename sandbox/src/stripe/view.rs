//! Payment intents as Stripe shows them.

use serde_json::{Value, json};

use super::{
    Work,
    card_input::TYPES,
    intents::{Intent, Offer, Status},
};

/// What a payment intent has at Stripe and never in the sandbox.
const UNUSED: [&str; 10] = [
    "application",
    "application_fee_amount",
    "customer_account",
    "excluded_payment_method_types",
    "on_behalf_of",
    "payment_method_configuration_details",
    "processing",
    "review",
    "transfer_data",
    "transfer_group",
];

/// What a page may see with a publishable key.
const FOR_PAYERS: [&str; 21] = [
    "id",
    "object",
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "last_payment_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_types",
    "processing",
    "receipt_email",
    "status",
];

impl Work<'_> {
    /// `intent` as its merchant sees it.
    pub(crate) fn view_intent(&self, intent: &Intent) -> Value {
        let received = if intent.status == Status::Succeeded { intent.amount } else { 0 };
        let mut view = json!({
            "id": intent.id,
            "object": "payment_intent",
            "amount": intent.amount,
            "amount_capturable": 0,
            "amount_details": { "tip": {} },
            "amount_received": received,
            "canceled_at": intent.canceled_at,
            "cancellation_reason": intent.cancellation_reason,
            "capture_method": intent.capture_method,
            "client_secret": intent.client_secret,
            "confirmation_method": if intent.manual { "manual" } else { "automatic" },
            "created": intent.created,
            "currency": intent.currency,
            "customer": intent.customer,
            "description": intent.description,
            "last_payment_error": intent.last_error,
            "latest_charge": intent.latest_charge,
            "livemode": false,
            "metadata": intent.metadata,
            "next_action": self.next_action(intent),
            "payment_method": intent.method,
            "payment_method_options": options(),
            "receipt_email": intent.receipt_email,
            "setup_future_usage": intent.future_usage,
            "shipping": intent.shipping,
            "statement_descriptor": intent.descriptor,
            "statement_descriptor_suffix": intent.suffix,
            "status": intent.status.name(),
        });
        (view["automatic_payment_methods"], view["payment_method_types"]) = offer(&intent.offer);
        for field in UNUSED {
            view[field] = Value::Null;
        }
        view
    }

    /// `intent` as its payer sees it.
    pub(crate) fn view_for_payer(&self, intent: &Intent) -> Value {
        let mut view = self.view_intent(intent);
        if let Some(fields) = view.as_object_mut() {
            fields.retain(|name, _| FOR_PAYERS.contains(&name.as_str()));
        }
        view
    }

    /// The page on which the payer passes or fails the challenge of `intent`.
    pub(crate) fn challenge_url(&self, intent: &Intent) -> String {
        let (pages, id, secret) = (self.pages, &intent.id, &intent.client_secret);
        format!("{pages}/sandbox/3ds/{id}?client_secret={secret}")
    }

    fn next_action(&self, intent: &Intent) -> Value {
        let url = self.challenge_url(intent);
        match intent.status {
            Status::RequiresAction if intent.in_page => json!({
                "type": "use_stripe_sdk",
                "use_stripe_sdk": { "type": "three_d_secure_redirect", "stripe_js": url },
            }),
            Status::RequiresAction => json!({
                "redirect_to_url": { "return_url": intent.return_url, "url": url },
                "type": "redirect_to_url",
            }),
            _ => Value::Null,
        }
    }
}

fn options() -> Value {
    json!({
        "card": {
            "installments": null,
            "mandate_options": null,
            "network": null,
            "request_three_d_secure": "automatic",
        },
    })
}

fn offer(offer: &Offer) -> (Value, Value) {
    match offer {
        Offer::Automatic { redirects } => {
            let redirects = if *redirects { "always" } else { "never" };
            (json!({ "allow_redirects": redirects, "enabled": true }), json!(TYPES))
        }
        Offer::Listed(types) => (Value::Null, json!(types)),
    }
}
