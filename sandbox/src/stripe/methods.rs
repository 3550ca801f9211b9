//! Payment methods: cards and bank accounts.

use serde_json::{Value, json};

use super::{
    Work,
    card_input::redisplay,
    cards::{Card, Outcome},
    list::Page,
    metadata::{self, Metadata},
    outcome::card_error,
};
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// A card or a bank account that can be charged.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) customer: Option<String>,
    /// Whether it was charged without belonging to a customer, so that it cannot be charged again.
    pub(crate) spent: bool,
    pub(crate) card: &'static Card,
    /// The wallet that the card is in.
    pub(crate) wallet: Option<&'static str>,
    pub(crate) exp_month: i64,
    pub(crate) exp_year: i64,
    pub(crate) billing_details: Value,
    pub(crate) allow_redisplay: String,
    pub(crate) metadata: Metadata,
}

impl Method {
    /// As Stripe shows it.
    pub(crate) fn view(&self) -> Value {
        let mut view = json!({
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": self.allow_redisplay,
            "billing_details": self.billing_details,
            "created": self.created,
            "customer": self.customer,
            "customer_account": null,
            "livemode": false,
            "metadata": self.metadata,
            "type": self.card.kind(),
        });
        let details = if self.card.is_bank() { self.bank_view() } else { self.card_view() };
        view[self.card.kind()] = details;
        view
    }

    fn bank_view(&self) -> Value {
        json!({
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": null,
            "fingerprint": ids::fingerprint(self.card.number),
            "last4": self.card.last4(),
            "networks": { "preferred": "ach", "supported": ["ach"] },
            "routing_number": "110000000",
            "status_details": {},
        })
    }

    fn card_view(&self) -> Value {
        let card = self.card;
        json!({
            "brand": card.brand(),
            "checks": {
                "address_line1_check": null,
                "address_postal_code_check": null,
                "cvc_check": if self.customer.is_some() { "pass" } else { "unchecked" },
            },
            "country": "US",
            "display_brand": card.brand(),
            "exp_month": self.exp_month,
            "exp_year": self.exp_year,
            "fingerprint": ids::fingerprint(card.number),
            "funding": card.funding(),
            "generated_from": null,
            "last4": card.last4(),
            "networks": { "available": [card.brand()], "preferred": null },
            "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": true },
            "wallet": self.wallet(),
        })
    }

    /// The wallet, as Stripe shows it of methods and of charges.
    pub(crate) fn wallet(&self) -> Value {
        self.wallet.map_or(
            Value::Null,
            |wallet| json!({ "type": wallet, "dynamic_last4": self.card.last4(), wallet: {} }),
        )
    }
}

impl Work<'_> {
    /// `POST /v1/payment_methods`
    pub(crate) fn create_method(&mut self, params: &Params) -> Result<Value, ApiError> {
        params.only(&[
            "type",
            "card",
            "us_bank_account",
            "billing_details",
            "metadata",
            "allow_redisplay",
            "expand",
        ])?;
        let method = self.read_method(params)?;
        let view = method.view();
        self.state.methods.insert(method.id.clone(), method);
        Ok(view)
    }

    /// `GET /v1/payment_methods/{id}`; a token such as `pm_card_visa` makes a new one.
    pub(crate) fn retrieve_method(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let id = self.real_method(id);
        self.method(&id).map(Method::view)
    }

    /// `POST /v1/payment_methods/{id}`
    pub(crate) fn update_method(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["billing_details", "metadata", "allow_redisplay", "card", "expand"])?;
        let mut method = self.method(id)?.clone();
        if params.has("billing_details") {
            method.billing_details = metadata::billing_details(params)?;
        }
        if let Some(card) = params.map("card")? {
            card.only(&["exp_month", "exp_year"])?;
            method.exp_month = card.integer("exp_month")?.unwrap_or(method.exp_month);
            method.exp_year = card.integer("exp_year")?.unwrap_or(method.exp_year);
            self.check_expiry(method.exp_month, method.exp_year)?;
        }
        metadata::patch(&mut method.metadata, params)?;
        if let Some(allow) = redisplay(params)? {
            method.allow_redisplay = allow;
        }
        let view = method.view();
        self.state.methods.insert(id, method);
        Ok(view)
    }

    /// `POST /v1/payment_methods/{id}/attach`
    pub(crate) fn attach_method(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["customer", "expand"])?;
        let customer = params.required("customer")?;
        self.known_customer(customer)?;
        let id = self.real_method(id);
        let method = self.method(&id)?;
        if method.customer.as_deref().is_some_and(|owner| owner != customer) {
            let message =
                "The payment method you provided has already been attached to a customer.";
            return Err(ApiError::invalid(message).code("payment_method_unexpected_state"));
        }
        if method.spent {
            return Err(spent());
        }
        // The bank is asked when a card is attached; one test card fails only later.
        if let Outcome::Decline(decline) = method.card.outcome
            && !method.card.names.contains(&"chargeCustomerFail")
        {
            return Err(card_error(decline).begun());
        }
        if method.customer.is_none() {
            self.attach(&id, customer)?;
        }
        self.method(&id).map(Method::view)
    }

    /// `POST /v1/payment_methods/{id}/detach`
    pub(crate) fn detach_method(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let mut method = self.method(id)?.clone();
        let Some(customer) = method.customer.take() else {
            let message = "The payment method you provided is not attached to a customer so \
                           detachment is impossible.";
            return Err(ApiError::invalid(message).code("payment_method_unexpected_state"));
        };
        method.spent = true;
        let view = method.view();
        self.state.methods.insert(id, method);
        let before = json!({ "customer": customer });
        self.emit_change("payment_method.detached", view.clone(), Some(before));
        Ok(view)
    }

    /// `GET /v1/payment_methods` and `GET /v1/customers/{id}/payment_methods`
    pub(crate) fn list_methods(
        &self,
        params: &Params,
        customer: Option<&str>,
    ) -> Result<Value, ApiError> {
        let page = Page::read(params, &["customer", "type", "allow_redisplay"])?;
        let owner = customer.map_or_else(|| params.filled("customer"), |id| Ok(Some(id)))?;
        if let Some(owner) = owner {
            self.known_customer(owner)?;
        }
        let kind = params.filled("type")?;
        let allow = redisplay(params)?;
        let wanted = |method: &Method| {
            // Without a customer, Stripe lists nothing that belongs to one.
            kind.is_none_or(|kind| method.card.kind() == kind)
                && method.customer.as_deref() == owner
                && page.created.contains(method.created)
                && allow.as_ref().is_none_or(|allow| *allow == method.allow_redisplay)
        };
        let url = match customer {
            Some(id) => format!("/v1/customers/{id}/payment_methods"),
            None => "/v1/payment_methods".to_owned(),
        };
        page.of(&self.state.methods, "payment_method", &url, wanted, Method::view)
    }

    /// Makes the method `id` belong to `customer`.
    pub(crate) fn attach(&mut self, id: &str, customer: &str) -> Result<(), ApiError> {
        let method = self.state.methods.get_mut(id);
        let method =
            method.ok_or_else(|| ApiError::no_such("PaymentMethod", id, "payment_method"))?;
        method.customer = Some(customer.to_owned());
        let view = method.view();
        self.emit("payment_method.attached", view);
        Ok(())
    }

    /// Takes every method from `customer`, who is gone.
    pub(crate) fn detach_all(&mut self, customer: &str) {
        let theirs = self.state.methods.iter().filter(|m| m.customer.as_deref() == Some(customer));
        let ids: Vec<String> = theirs.map(|method| method.id.clone()).collect();
        for id in ids {
            if let Some(method) = self.state.methods.get_mut(&id) {
                method.customer = None;
                method.spent = true;
            }
        }
    }

    /// The id of a method that a payment of `customer` may use, for an id or a token.
    pub(crate) fn usable_method(
        &mut self,
        id: &str,
        customer: Option<&str>,
    ) -> Result<String, ApiError> {
        let id = self.real_method(id);
        let Some(method) = self.state.methods.get(&id) else {
            return Err(ApiError::no_such("PaymentMethod", &id, "payment_method"));
        };
        if method.spent {
            return Err(spent());
        }
        match (&method.customer, customer) {
            (None, _) => Ok(id),
            (Some(owner), Some(customer)) if owner == customer => Ok(id),
            (Some(_), None) => Err(ApiError::invalid(
                "The provided PaymentMethod cannot be attached. To reuse a PaymentMethod, you \
                 must attach it to a Customer first, and pass that Customer along with it.",
            )
            .param("payment_method")),
            (Some(_), Some(_)) => Err(ApiError::invalid(
                "The provided PaymentMethod does not belong to the Customer you supplied.",
            )
            .param("payment_method")),
        }
    }

    /// Makes the method that `payment_method_data` describes.
    pub(crate) fn method_from_data(&mut self, params: &Params) -> Result<Option<String>, ApiError> {
        let Some(data) = params.map("payment_method_data")? else { return Ok(None) };
        data.only(&[
            "type",
            "card",
            "us_bank_account",
            "billing_details",
            "metadata",
            "allow_redisplay",
        ])?;
        let method = self.read_method(&data)?;
        let id = method.id.clone();
        self.state.methods.insert(id.clone(), method);
        Ok(Some(id))
    }

    /// A new method for a token such as `pm_card_visa`; any other id as it is.
    fn real_method(&mut self, id: &str) -> String {
        let Some(card) = Card::tokened(id).filter(|_| id.starts_with("pm_")) else {
            return id.to_owned();
        };
        let method = self.new_method(card);
        let id = method.id.clone();
        self.state.methods.insert(id.clone(), method);
        id
    }

    fn method(&self, id: &str) -> Result<&Method, ApiError> {
        let method = self.state.methods.get(id);
        method.ok_or_else(|| ApiError::not_found("PaymentMethod", id, "payment_method"))
    }
}

fn spent() -> ApiError {
    ApiError::invalid(
        "The provided PaymentMethod was previously used with a PaymentIntent without Customer \
         attachment, shared with a connected account without Customer attachment, or was detached \
         from a Customer. It may not be used again. To use a PaymentMethod multiple times, you \
         must attach it to a Customer first.",
    )
    .param("payment_method")
}
