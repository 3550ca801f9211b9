//! Customers.

use serde_json::{Value, json};

use super::{
    Work,
    list::Page,
    metadata::{self, Metadata},
};
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// Somebody who pays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) deleted: bool,
    pub(crate) email: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    description: Option<String>,
    address: Option<Value>,
    shipping: Option<Value>,
    locales: Vec<String>,
    tax_exempt: Option<String>,
    default_method: Option<String>,
    invoice_prefix: String,
    metadata: Metadata,
}

impl Customer {
    /// As Stripe shows it.
    pub(crate) fn view(&self) -> Value {
        if self.deleted {
            return json!({ "id": self.id, "object": "customer", "deleted": true });
        }
        json!({
            "id": self.id,
            "object": "customer",
            "address": self.address,
            "balance": 0,
            "created": self.created,
            "currency": null,
            "customer_account": null,
            "default_source": null,
            "delinquent": false,
            "description": self.description,
            "discount": null,
            "email": self.email,
            "invoice_prefix": self.invoice_prefix,
            "invoice_settings": {
                "custom_fields": null,
                "default_payment_method": self.default_method,
                "footer": null,
                "rendering_options": null,
            },
            "livemode": false,
            "metadata": self.metadata,
            "name": self.name,
            "next_invoice_sequence": 1,
            "phone": self.phone,
            "preferred_locales": self.locales,
            "shipping": self.shipping,
            "tax_exempt": self.tax_exempt.as_deref().unwrap_or("none"),
            "test_clock": null,
        })
    }

    fn patch(&mut self, params: &Params) -> Result<(), ApiError> {
        params.patch("email", &mut self.email)?;
        if self.email.as_deref().is_some_and(|email| !is_address(email)) {
            let message = format!("Invalid email address: {}", self.email.as_deref().unwrap_or(""));
            return Err(ApiError::invalid(message).code("email_invalid").param("email"));
        }
        params.patch("name", &mut self.name)?;
        params.patch("phone", &mut self.phone)?;
        params.patch("description", &mut self.description)?;
        metadata::patch(&mut self.metadata, params)?;
        if let Some(address) = metadata::address(params, "address")? {
            self.address = Some(address);
        }
        if let Some(shipping) = metadata::shipping(params)? {
            self.shipping = Some(shipping);
        }
        if let Some(locales) = params.list("preferred_locales")? {
            self.locales = locales;
        }
        if let Some(exempt) = params.choice("tax_exempt", &["exempt", "none", "reverse"])? {
            self.tax_exempt = Some(exempt.to_owned());
        }
        Ok(())
    }
}

/// What a customer can be made or changed with.
const KNOWN: [&str; 11] = [
    "email",
    "name",
    "phone",
    "description",
    "metadata",
    "address",
    "shipping",
    "preferred_locales",
    "tax_exempt",
    "invoice_settings",
    "expand",
];

impl Work<'_> {
    /// `POST /v1/customers`
    pub(crate) fn create_customer(&mut self, params: &Params) -> Result<Value, ApiError> {
        params.only(&[&KNOWN[..], &["payment_method"]].concat())?;
        let mut customer = Customer {
            id: ids::random("cus_", 14),
            created: self.now,
            invoice_prefix: ids::random("", 8).to_uppercase(),
            ..Customer::default()
        };
        customer.patch(params)?;
        let method = params.filled("payment_method")?;
        let method = method.map(|id| self.usable_method(id, None)).transpose()?;
        customer.default_method = self.default_method(params, &customer, method.as_deref())?;
        let (id, view) = (customer.id.clone(), customer.view());
        self.state.customers.insert(id.clone(), customer);
        self.emit("customer.created", view.clone());
        if let Some(method) = method {
            self.attach(&method, &id)?;
        }
        Ok(view)
    }

    /// `POST /v1/customers/{id}`
    pub(crate) fn update_customer(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&KNOWN)?;
        let before = self.living_customer(id)?;
        let mut after = before.clone();
        after.patch(params)?;
        after.default_method = self.default_method(params, &after, None)?;
        let (old, new) = (before.view(), after.view());
        self.state.customers.insert(id, after);
        if let Some(changed) = changed(&old, &new) {
            self.emit_change("customer.updated", new.clone(), Some(changed));
        }
        Ok(new)
    }

    /// `GET /v1/customers/{id}`
    pub(crate) fn retrieve_customer(&self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let customer = self.state.customers.get(id);
        customer.map(Customer::view).ok_or_else(|| ApiError::not_found("customer", id, "id"))
    }

    /// `DELETE /v1/customers/{id}`
    pub(crate) fn delete_customer(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&[])?;
        let mut customer = self.living_customer(id)?;
        self.emit("customer.deleted", customer.view());
        self.detach_all(id);
        customer.deleted = true;
        let view = customer.view();
        self.state.customers.insert(id, customer);
        Ok(view)
    }

    /// `GET /v1/customers`
    pub(crate) fn list_customers(&self, params: &Params) -> Result<Value, ApiError> {
        let page = Page::read(params, &["email"])?;
        let email = params.filled("email")?;
        let wanted = |customer: &Customer| {
            !customer.deleted
                && page.created.contains(customer.created)
                && email.is_none_or(|email| customer.email.as_deref() == Some(email))
        };
        page.of(&self.state.customers, "customer", "/v1/customers", wanted, Customer::view)
    }

    /// Refuses an id in the parameter `customer` that no customer has.
    pub(crate) fn known_customer(&self, id: &str) -> Result<(), ApiError> {
        match self.state.customers.get(id) {
            Some(customer) if !customer.deleted => Ok(()),
            _ => Err(ApiError::no_such("customer", id, "customer")),
        }
    }

    fn living_customer(&self, id: &str) -> Result<Customer, ApiError> {
        let customer = self.state.customers.get(id).filter(|customer| !customer.deleted);
        customer.cloned().ok_or_else(|| ApiError::not_found("customer", id, "id"))
    }

    /// The default payment method that `params` ask for; without, the one the customer has.
    fn default_method(
        &self,
        params: &Params,
        customer: &Customer,
        new: Option<&str>,
    ) -> Result<Option<String>, ApiError> {
        let unchanged = customer.default_method.clone();
        let Some(settings) = params.map("invoice_settings")? else { return Ok(unchanged) };
        settings.only(&["default_payment_method"])?;
        let Some(id) = settings.text("default_payment_method")? else { return Ok(unchanged) };
        let owner = self.state.methods.get(id).and_then(|method| method.customer.as_deref());
        if id.is_empty() {
            Ok(None)
        } else if params.text("payment_method")? == Some(id) {
            Ok(new.map(str::to_owned))
        } else if owner == Some(&*customer.id) {
            Ok(Some(id.to_owned()))
        } else {
            let param = "invoice_settings[default_payment_method]";
            Err(ApiError::no_such("PaymentMethod", id, param))
        }
    }
}

fn is_address(email: &str) -> bool {
    email.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.is_empty()
            && !host.contains('@')
            && !email.contains(char::is_whitespace)
    })
}

/// The fields of `old` that `new` has changed; none if it has not.
fn changed(old: &Value, new: &Value) -> Option<Value> {
    let fields = old.as_object()?.iter().filter(|(name, value)| new.get(name) != Some(*value));
    let fields: serde_json::Map<_, _> = fields.map(|(n, v)| (n.clone(), v.clone())).collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}
