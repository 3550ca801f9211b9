//! Payment intents: what they are, and how they are read, changed and cancelled.

use serde_json::Value;

use super::{
    Work, currency,
    list::Page,
    metadata::{self, Metadata},
};
use crate::api::{error::ApiError, params::Params};

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    Succeeded,
    Canceled,
}

impl Status {
    /// As Stripe writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }

    /// Whether the payer can still do something.
    pub(crate) const fn is_open(self) -> bool {
        matches!(
            self,
            Self::RequiresPaymentMethod | Self::RequiresConfirmation | Self::RequiresAction
        )
    }
}

/// How the payment methods on offer are chosen.
#[derive(Clone, Debug)]
pub(crate) enum Offer {
    /// By the account's settings.
    Automatic {
        /// Also those that send the payer to another site.
        redirects: bool,
    },
    /// By the merchant.
    Listed(Vec<String>),
}

/// A payment, from the wish to the money.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) client_secret: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) status: Status,
    pub(crate) offer: Offer,
    pub(crate) capture_method: String,
    /// Whether only the server may confirm, and does so again after a challenge.
    pub(crate) manual: bool,
    pub(crate) customer: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) descriptor: Option<String>,
    pub(crate) suffix: Option<String>,
    pub(crate) future_usage: Option<String>,
    pub(crate) shipping: Option<Value>,
    pub(crate) metadata: Metadata,
    pub(crate) latest_charge: Option<String>,
    pub(crate) last_error: Option<Value>,
    pub(crate) return_url: Option<String>,
    /// Whether the challenge is shown by Stripe's script instead of on a page of its own.
    pub(crate) in_page: bool,
    /// Whether the payer passed the challenge.
    pub(crate) authenticated: bool,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) cancellation_reason: Option<String>,
    /// The page on which it is paid, if it is paid on one.
    pub(crate) session: Option<String>,
}

impl Intent {
    /// Moves it on.
    pub(crate) fn to(&mut self, status: Status) {
        self.status = status;
    }

    /// What may be changed while, and mostly also after, it is open.
    pub(crate) fn patch(&mut self, params: &Params) -> Result<(), ApiError> {
        params.patch("description", &mut self.description)?;
        params.patch("receipt_email", &mut self.receipt_email)?;
        params.patch("statement_descriptor", &mut self.descriptor)?;
        params.patch("statement_descriptor_suffix", &mut self.suffix)?;
        metadata::patch(&mut self.metadata, params)?;
        if let Some(shipping) = metadata::shipping(params)? {
            self.shipping = Some(shipping).filter(Value::is_object);
        }
        if params.text("setup_future_usage")? == Some("") {
            self.future_usage = None;
        } else if let Some(usage) =
            params.choice("setup_future_usage", &["off_session", "on_session"])?
        {
            self.future_usage = Some(usage.to_owned());
        }
        Ok(())
    }
}

/// What can only be changed while the payer can still do something.
const WHILE_OPEN: [&str; 7] = [
    "amount",
    "currency",
    "customer",
    "payment_method",
    "payment_method_data",
    "payment_method_types",
    "setup_future_usage",
];

/// What can be changed.
const KNOWN: [&str; 14] = [
    "amount",
    "currency",
    "customer",
    "description",
    "expand",
    "metadata",
    "payment_method",
    "payment_method_data",
    "payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
];

impl Work<'_> {
    /// The intent `id`, as the URL names it.
    pub(crate) fn intent(&self, id: &str) -> Result<&Intent, ApiError> {
        let intent = self.state.intents.get(id);
        intent.ok_or_else(|| ApiError::not_found("payment_intent", id, "intent"))
    }

    /// `GET /v1/payment_intents/{id}`; `browser` if a page asks and may see only some of it.
    pub(crate) fn retrieve_intent(
        &self,
        id: &str,
        params: &Params,
        browser: bool,
    ) -> Result<Value, ApiError> {
        params.only(&["client_secret", "expand"])?;
        let intent = self.intent(id)?;
        check_secret(intent, params, browser)?;
        Ok(if browser { self.view_for_payer(intent) } else { self.view_intent(intent) })
    }

    /// `POST /v1/payment_intents/{id}`
    pub(crate) fn update_intent(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&KNOWN)?;
        let mut intent = self.intent(id)?.clone();
        if let Some(name) =
            WHILE_OPEN.iter().find(|name| params.has(name) && !intent.status.is_open())
        {
            return Err(self.fixed(&intent, name));
        }
        intent.patch(params)?;
        intent.amount = params.integer("amount")?.unwrap_or(intent.amount);
        intent.currency = currency::read(params)?.unwrap_or(intent.currency);
        currency::check_amount(intent.amount, &intent.currency)?;
        if let Some(types) = super::create::method_types(params)? {
            intent.offer = Offer::Listed(types);
        }
        if let Some(customer) = params.filled("customer")? {
            self.known_customer(customer)?;
            intent.customer = Some(customer.to_owned());
        }
        if let Some(method) = self.read_intent_method(params, intent.customer.as_deref())? {
            intent.method = Some(method);
            intent.authenticated = false;
            intent.to(Status::RequiresConfirmation);
        }
        let view = self.view_intent(&intent);
        self.state.intents.insert(id, intent);
        Ok(view)
    }

    /// `POST /v1/payment_intents/{id}/cancel`
    pub(crate) fn cancel_intent(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["cancellation_reason", "expand"])?;
        let reasons = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
        let reason = params.choice("cancellation_reason", &reasons)?.map(str::to_owned);
        let mut intent = self.intent(id)?.clone();
        if matches!(intent.status, Status::Succeeded | Status::Canceled) {
            let message = format!(
                "You cannot cancel this PaymentIntent because it has a status of {}. Only a \
                 PaymentIntent with one of the following statuses may be canceled: \
                 requires_payment_method, requires_capture, requires_confirmation, \
                 requires_action, processing.",
                intent.status.name()
            );
            return Err(ApiError::unexpected_state(message, self.view_intent(&intent)));
        }
        intent.to(Status::Canceled);
        intent.canceled_at = Some(self.now);
        intent.cancellation_reason = reason;
        Ok(self.store_and_emit(intent, "payment_intent.canceled"))
    }

    /// `GET /v1/payment_intents`
    pub(crate) fn list_intents(&self, params: &Params) -> Result<Value, ApiError> {
        let page = Page::read(params, &["customer"])?;
        let customer = params.filled("customer")?;
        let wanted = |intent: &Intent| {
            page.created.contains(intent.created)
                && customer.is_none_or(|id| intent.customer.as_deref() == Some(id))
        };
        let view = |intent: &Intent| self.view_intent(intent);
        page.of(&self.state.intents, "payment_intent", "/v1/payment_intents", wanted, view)
    }

    fn fixed(&self, intent: &Intent, name: &str) -> ApiError {
        let message = format!(
            "This PaymentIntent's {name} could not be updated because it has a status of {}. You \
             may only update the {name} of a PaymentIntent with one of the following statuses: \
             requires_payment_method, requires_confirmation, requires_action.",
            intent.status.name()
        );
        ApiError::unexpected_state(message, self.view_intent(intent)).param(name)
    }
}

/// Refuses a wrong client secret, and a browser without one.
pub(crate) fn check_secret(
    intent: &Intent,
    params: &Params,
    browser: bool,
) -> Result<(), ApiError> {
    match params.filled("client_secret")? {
        Some(secret) if secret == intent.client_secret => Ok(()),
        None if !browser => Ok(()),
        None => Err(ApiError::missing("client_secret")),
        Some(_) => Err(ApiError::invalid(
            "The client_secret provided does not match any associated PaymentIntent on this \
             account. Ensure the client_secret is correct, and that you are using the API keys of \
             the account that created this PaymentIntent.",
        )
        .code("payment_intent_invalid_parameter")
        .param("client_secret")),
    }
}
