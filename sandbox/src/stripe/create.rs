//! Making a payment intent.

use serde_json::Value;

use super::{
    Work,
    card_input::TYPES,
    currency,
    intents::{Intent, Offer, Status},
    metadata::Metadata,
    outcome::Try,
};
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// What only makes sense for an intent that is confirmed at once.
const WITH_CONFIRM: [&str; 5] =
    ["error_on_requires_action", "mandate_data", "off_session", "return_url", "use_stripe_sdk"];

/// What an intent can be made with.
const KNOWN: [&str; 23] = [
    "amount",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "confirmation_method",
    "currency",
    "customer",
    "description",
    "error_on_requires_action",
    "expand",
    "mandate_data",
    "metadata",
    "off_session",
    "payment_method",
    "payment_method_data",
    "payment_method_types",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "use_stripe_sdk",
];

impl Work<'_> {
    /// `POST /v1/payment_intents`
    pub(crate) fn create_intent(&mut self, params: &Params) -> Result<Value, ApiError> {
        params.only(&KNOWN)?;
        let confirm = params.boolean("confirm")?.unwrap_or(false);
        if let Some(name) = WITH_CONFIRM.iter().find(|name| !confirm && params.has(name)) {
            let message = format!("You can only specify `{name}` when `confirm` is true.");
            return Err(ApiError::invalid(message).param(name));
        }
        let mut intent = self.read_intent(params)?;
        let how = Try::read(&mut intent, params, confirm)?;
        let method = self.read_intent_method(params, intent.customer.as_deref())?;
        let id = intent.id.clone();
        if method.is_some() && !confirm {
            intent.method.clone_from(&method);
            intent.to(Status::RequiresConfirmation);
        }
        let view = self.store_and_emit(intent, "payment_intent.created");
        if !confirm {
            return Ok(view);
        }
        match method {
            Some(method) => self.take_method(&id, method, how),
            None => Err(self.no_method(&id)),
        }
    }

    fn read_intent(&self, params: &Params) -> Result<Intent, ApiError> {
        params.required("amount")?;
        let amount = params.integer("amount")?.unwrap_or_default();
        let currency = currency::read(params)?.ok_or_else(|| ApiError::missing("currency"))?;
        currency::check_amount(amount, &currency)?;
        let customer = params.filled("customer")?;
        customer.map_or(Ok(()), |id| self.known_customer(id))?;
        let id = ids::random("pi_3", 23);
        let mut intent = Intent {
            client_secret: ids::random(&format!("{id}_secret_"), 25),
            id,
            created: self.now,
            amount,
            currency,
            status: Status::RequiresPaymentMethod,
            offer: offer(params)?,
            capture_method: capture_method(params)?,
            manual: params.choice("confirmation_method", &["automatic", "manual"])?
                == Some("manual"),
            customer: customer.map(str::to_owned),
            method: None,
            description: None,
            receipt_email: None,
            descriptor: None,
            suffix: None,
            future_usage: None,
            shipping: None,
            metadata: Metadata::new(),
            latest_charge: None,
            last_error: None,
            return_url: None,
            in_page: false,
            authenticated: false,
            canceled_at: None,
            cancellation_reason: None,
            session: None,
        };
        intent.patch(params)?;
        Ok(intent)
    }

    /// The method that `payment_method` names or `payment_method_data` describes.
    pub(crate) fn read_intent_method(
        &mut self,
        params: &Params,
        customer: Option<&str>,
    ) -> Result<Option<String>, ApiError> {
        match params.filled("payment_method")? {
            Some(_) if params.has("payment_method_data") => {
                Err(ApiError::exclusive("payment_method", "payment_method_data"))
            }
            Some(id) => self.usable_method(id, customer).map(Some),
            None => self.method_from_data(params),
        }
    }
}

impl Try {
    /// Reads how the payment is to be tried, if `confirm` says that it is.
    pub(crate) fn read(
        intent: &mut Intent,
        params: &Params,
        confirm: bool,
    ) -> Result<Self, ApiError> {
        if let Some(url) = params.filled("return_url")? {
            check_url(url)?;
            intent.return_url = Some(url.to_owned());
        }
        if confirm
            && intent.return_url.is_none()
            && matches!(intent.offer, Offer::Automatic { redirects: true })
        {
            return Err(ApiError::invalid(
                "A `return_url` must be specified because this Payment Intent is configured to \
                 automatically accept the payment methods enabled in the Dashboard, some of which \
                 may require a full page redirect to succeed. If you do not want to accept \
                 redirect-based payment methods, set `automatic_payment_methods[enabled]` to \
                 `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating \
                 Setup Intents and Payment Intents.",
            ));
        }
        let away = match params.text("off_session")? {
            Some("one_off" | "recurring") => true,
            _ => params.boolean("off_session")?.unwrap_or(false),
        };
        Ok(Self {
            off_session: away,
            no_challenge: params.boolean("error_on_requires_action")?.unwrap_or(false),
            in_page: params.boolean("use_stripe_sdk")?.unwrap_or(false),
        })
    }
}

fn capture_method(params: &Params) -> Result<String, ApiError> {
    let methods = ["automatic", "automatic_async", "manual"];
    match params.choice("capture_method", &methods)?.unwrap_or("automatic_async") {
        "manual" => {
            let message = "The sandbox does not capture separately: leave `capture_method` out.";
            Err(ApiError::invalid(message).param("capture_method"))
        }
        method => Ok(method.to_owned()),
    }
}

fn offer(params: &Params) -> Result<Offer, ApiError> {
    let types = method_types(params)?;
    let Some(automatic) = params.map("automatic_payment_methods")? else {
        return Ok(types.map_or(Offer::Automatic { redirects: true }, Offer::Listed));
    };
    automatic.only(&["enabled", "allow_redirects"])?;
    automatic.required("enabled")?;
    let enabled = automatic.boolean("enabled")?.unwrap_or(false);
    let redirects = automatic.choice("allow_redirects", &["always", "never"])?;
    match types {
        Some(_) if enabled => {
            Err(ApiError::exclusive("automatic_payment_methods", "payment_method_types"))
        }
        Some(types) => Ok(Offer::Listed(types)),
        None if enabled => Ok(Offer::Automatic { redirects: redirects != Some("never") }),
        None => Ok(Offer::Listed(vec!["card".to_owned()])),
    }
}

/// Reads `payment_method_types`.
pub(crate) fn method_types(params: &Params) -> Result<Option<Vec<String>>, ApiError> {
    let Some(types) = params.list("payment_method_types")? else { return Ok(None) };
    if types.is_empty() {
        return Err(ApiError::empty("payment_method_types"));
    }
    match types.iter().find(|kind| !TYPES.contains(&kind.as_str())) {
        Some(kind) => {
            let message = format!(
                "The payment method type \"{kind}\" is invalid. Please ensure the provided type \
                 is activated in your dashboard; in the sandbox, card and us_bank_account are."
            );
            Err(ApiError::invalid(message).param("payment_method_types"))
        }
        None => Ok(Some(types)),
    }
}

/// Refuses what the payer could not, or should not, be sent to.
fn check_url(url: &str) -> Result<(), ApiError> {
    let sound = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if sound {
        return Ok(());
    }
    Err(ApiError::invalid("Not a valid URL").code("url_invalid").param("return_url"))
}
