//! Checkout sessions: pages of Stripe's for one payment each.

use serde_json::{Value, json};

use super::{
    Work,
    card_input::TYPES,
    currency,
    intents::Intent,
    list::Page,
    metadata::{self, Metadata},
};
use crate::{
    api::{
        error::ApiError,
        params::{Params, flat},
    },
    ids,
};

/// How long a session is open unless it says so itself, as at Stripe: a day.
const OPEN_SECONDS: i64 = 24 * 60 * 60;

/// Most things that one session sells.
const MAX_ITEMS: usize = 100;

/// A page on which one payment is made.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    created: i64,
    expires_at: i64,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// What is sold, in the merchant's words.
    pub(crate) name: String,
    pub(crate) success_url: String,
    pub(crate) cancel_url: Option<String>,
    client_reference: Option<String>,
    customer: Option<String>,
    email: Option<String>,
    metadata: Metadata,
    /// What the payment intent is to be made with.
    intent_data: Vec<(String, String)>,
    pub(crate) intent: Option<String>,
    pub(crate) status: &'static str,
    paid: bool,
}

impl Session {
    /// As Stripe shows it; its page is one of `pages`.
    pub(crate) fn view(&self, pages: &str) -> Value {
        let open = self.status == "open";
        let url = format!("{pages}/sandbox/checkout/{}", self.id);
        let mut view = json!({
            "id": self.id,
            "object": "checkout.session",
            "amount_subtotal": self.amount,
            "amount_total": self.amount,
            "automatic_tax": {
                "enabled": false, "liability": null, "provider": null, "status": null,
            },
            "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference,
            "created": self.created,
            "currency": self.currency,
            "custom_fields": [],
            "custom_text": {
                "after_submit": null,
                "shipping_address": null,
                "submit": null,
                "terms_of_service_acceptance": null,
            },
            "customer": self.customer,
            "customer_creation": "if_required",
            "customer_email": self.email,
            "expires_at": self.expires_at,
            "livemode": false,
            "metadata": self.metadata,
            "mode": "payment",
            "payment_intent": self.intent,
            "payment_method_collection": "if_required",
            "payment_method_options": {},
            "payment_method_types": TYPES,
            "payment_status": if self.paid { "paid" } else { "unpaid" },
            "phone_number_collection": { "enabled": false },
            "shipping_options": [],
            "status": self.status,
            "success_url": self.success_url,
            "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
            "ui_mode": "hosted_page",
            "url": if open { json!(url) } else { Value::Null },
        });
        for field in UNUSED {
            view[field] = Value::Null;
        }
        view
    }

    /// Where the payer comes back to once they have paid.
    pub(crate) fn back(&self) -> String {
        self.success_url.replace("{CHECKOUT_SESSION_ID}", &self.id)
    }
}

/// What a session has at Stripe and never in the sandbox.
const UNUSED: [&str; 16] = [
    "after_expiration",
    "allow_promotion_codes",
    "billing_address_collection",
    "client_secret",
    "consent",
    "consent_collection",
    "customer_account",
    "customer_details",
    "invoice",
    "locale",
    "payment_link",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "submit_type",
    "subscription",
];

impl Work<'_> {
    /// `POST /v1/checkout/sessions`
    pub(crate) fn create_session(&mut self, params: &Params) -> Result<Value, ApiError> {
        params.only(&[
            "cancel_url",
            "client_reference_id",
            "customer",
            "customer_email",
            "expand",
            "expires_at",
            "line_items",
            "metadata",
            "mode",
            "payment_intent_data",
            "success_url",
        ])?;
        params.required("mode")?;
        // The other modes are Stripe's and not the sandbox's.
        params.choice("mode", &["payment"])?;
        let customer = params.filled("customer")?.map(str::to_owned);
        customer.as_deref().map_or(Ok(()), |id| self.known_customer(id))?;
        let (amount, currency, name) = read_items(params)?;
        currency::check_amount(amount, &currency)?;
        let mut session = Session {
            id: ids::random("cs_test_", 58),
            created: self.now,
            expires_at: params.integer("expires_at")?.unwrap_or(self.now + OPEN_SECONDS),
            amount,
            currency,
            name,
            success_url: params.required("success_url")?.to_owned(),
            cancel_url: params.filled("cancel_url")?.map(str::to_owned),
            client_reference: params.filled("client_reference_id")?.map(str::to_owned),
            customer,
            email: params.filled("customer_email")?.map(str::to_owned),
            metadata: Metadata::new(),
            intent_data: read_intent_data(params)?,
            intent: None,
            status: "open",
            paid: false,
        };
        metadata::patch(&mut session.metadata, params)?;
        let view = session.view(self.pages);
        self.state.sessions.insert(session.id.clone(), session);
        Ok(view)
    }

    /// `GET /v1/checkout/sessions/{id}`
    pub(crate) fn retrieve_session(&self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        Ok(self.session(id)?.view(self.pages))
    }

    /// `GET /v1/checkout/sessions`
    pub(crate) fn list_sessions(&self, params: &Params) -> Result<Value, ApiError> {
        let page = Page::read(params, &["payment_intent", "status"])?;
        let intent = params.filled("payment_intent")?;
        let status = params.choice("status", &["complete", "expired", "open"])?;
        let wanted = |session: &Session| {
            page.created.contains(session.created)
                && intent.is_none_or(|id| session.intent.as_deref() == Some(id))
                && status.is_none_or(|status| session.status == status)
        };
        let view = |session: &Session| session.view(self.pages);
        page.of(&self.state.sessions, "checkout.session", "/v1/checkout/sessions", wanted, view)
    }

    /// `POST /v1/checkout/sessions/{id}/expire`
    pub(crate) fn expire_session(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let mut session = self.session(id)?.clone();
        if session.status != "open" {
            let message = "Only Checkout Sessions with a status in [\"open\"] can be expired. This \
                           Checkout Session has a status of ";
            return Err(ApiError::invalid(format!("{message}{}.", session.status)));
        }
        session.status = "expired";
        Ok(self.keep_session(session, "checkout.session.expired"))
    }

    /// The payer presses the button of the page `id`, to pay with the method that `method` describes
    /// as `payment_method_data` does. Stripe makes the payment intent now.
    pub(crate) fn pay_session(
        &mut self,
        id: &str,
        method: &[(&str, &str)],
    ) -> Result<Value, ApiError> {
        let session = self.session(id)?.clone();
        if session.status != "open" {
            return Err(ApiError::invalid(format!("This page is {}.", session.status)));
        }
        let intent = match session.intent.clone() {
            Some(intent) => intent,
            None => self.intent_of(session)?,
        };
        self.confirm_intent(&intent, &flat(method)?, false)
    }

    fn intent_of(&mut self, mut session: Session) -> Result<String, ApiError> {
        let amount = session.amount.to_string();
        let mut fields = vec![
            ("amount", amount.as_str()),
            ("currency", session.currency.as_str()),
            ("automatic_payment_methods[enabled]", "true"),
        ];
        let given = session.intent_data.iter();
        fields.extend(given.map(|(name, value)| (name.as_str(), value.as_str())));
        if let Some(customer) = &session.customer {
            fields.push(("customer", customer));
        }
        let made = self.create_intent(&flat(&fields)?)?;
        let id = made["id"].as_str().unwrap_or_default().to_owned();
        if let Some(intent) = self.state.intents.get_mut(&id) {
            intent.session = Some(session.id.clone());
            intent.return_url = Some(session.back());
        }
        session.intent = Some(id.clone());
        self.state.sessions.insert(session.id.clone(), session);
        Ok(id)
    }

    /// Tells what became of the session of `intent`, of which an event of `kind` was just made.
    pub(super) fn follow_session(&mut self, intent: &Intent, kind: &str) {
        let session = intent.session.as_deref().and_then(|id| self.state.sessions.get(id));
        let Some(mut session) = session.cloned() else { return };
        let event = match (kind, session.status) {
            ("payment_intent.succeeded" | "payment_intent.processing", "open") => {
                "checkout.session.completed"
            }
            ("payment_intent.succeeded", _) => "checkout.session.async_payment_succeeded",
            ("payment_intent.payment_failed", "complete") => {
                "checkout.session.async_payment_failed"
            }
            _ => return,
        };
        session.status = "complete";
        session.paid = kind == "payment_intent.succeeded";
        self.keep_session(session, event);
    }

    fn keep_session(&mut self, session: Session, kind: &'static str) -> Value {
        let view = session.view(self.pages);
        self.state.sessions.insert(session.id.clone(), session);
        self.emit(kind, view.clone());
        view
    }

    /// The session `id`.
    pub(crate) fn session(&self, id: &str) -> Result<&Session, ApiError> {
        let session = self.state.sessions.get(id);
        session.ok_or_else(|| ApiError::not_found("checkout session", id, "session"))
    }
}

/// What all items cost, in which currency, and what the first one is called.
fn read_items(params: &Params) -> Result<(i64, String, String), ApiError> {
    let items = params.map("line_items")?.ok_or_else(|| ApiError::missing("line_items"))?;
    let (mut total, mut currency, mut name) = (0_i64, None::<String>, None::<String>);
    for place in 0..MAX_ITEMS {
        let Some(item) = items.map(&place.to_string())? else { break };
        item.only(&["price_data", "quantity"])?;
        let quantity = item.integer("quantity")?.unwrap_or(1);
        let missing = || ApiError::missing(&item.full_name("price_data"));
        let price = item.map("price_data")?.ok_or_else(missing)?;
        price.only(&["currency", "product_data", "unit_amount"])?;
        price.required("unit_amount")?;
        let one = price.integer("unit_amount")?.unwrap_or_default();
        total = total.saturating_add(one.saturating_mul(quantity));
        let product = price.map("product_data")?;
        let product = product.ok_or_else(|| ApiError::missing(&price.full_name("product_data")))?;
        product.only(&["description", "name"])?;
        name.get_or_insert(product.required("name")?.to_owned());
        let its = currency::read(&price)?.ok_or_else(|| ApiError::missing("currency"))?;
        if *currency.get_or_insert_with(|| its.clone()) != its {
            return Err(ApiError::invalid("All line items must be of one currency."));
        }
    }
    match (currency, name) {
        (Some(currency), Some(name)) => Ok((total, currency, name)),
        _ => Err(ApiError::missing("line_items")),
    }
}

/// What the payment intent is to be made with, by the names that its own call has.
fn read_intent_data(params: &Params) -> Result<Vec<(String, String)>, ApiError> {
    let Some(data) = params.map("payment_intent_data")? else { return Ok(Vec::new()) };
    let plain = ["description", "receipt_email", "setup_future_usage", "statement_descriptor"];
    data.only(&[&plain[..], &["metadata"]].concat())?;
    let mut fields = Vec::new();
    for name in plain {
        if let Some(value) = data.filled(name)? {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    if let Some(metadata) = data.map("metadata")? {
        let texts = metadata.texts()?.into_iter();
        fields.extend(texts.map(|(key, value)| (format!("metadata[{key}]"), value.to_owned())));
    }
    Ok(fields)
}
