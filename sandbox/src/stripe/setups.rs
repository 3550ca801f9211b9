//! Setup intents and customer sessions: keeping a method without a payment.

use serde_json::{Value, json};

use super::{
    Work,
    card_input::TYPES,
    cards::{Decline, Outcome},
    create::method_types,
    list::Page,
    metadata::{self, Metadata},
    methods::Method,
    outcome::card_error,
};
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// How long a customer session holds, as at Stripe: half an hour.
const SESSION_SECONDS: i64 = 30 * 60;

/// A method on its way to be kept.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) id: String,
    created: i64,
    pub(crate) client_secret: String,
    customer: Option<String>,
    method: Option<String>,
    pub(crate) status: &'static str,
    usage: String,
    automatic: bool,
    description: Option<String>,
    metadata: Metadata,
    last_error: Option<Value>,
    cancellation_reason: Option<String>,
    pub(crate) return_url: Option<String>,
    /// Whether the challenge is shown by Stripe's script instead of on a page of its own.
    pub(crate) in_page: bool,
    /// What the payer has to do, while the bank waits for it.
    next_action: Value,
}

impl Setup {
    /// As Stripe shows it.
    pub(crate) fn view(&self) -> Value {
        let automatic = json!({ "allow_redirects": "never", "enabled": true });
        json!({
            "id": self.id,
            "object": "setup_intent",
            "application": null,
            "automatic_payment_methods": if self.automatic { automatic } else { Value::Null },
            "cancellation_reason": self.cancellation_reason,
            "client_secret": self.client_secret,
            "created": self.created,
            "customer": self.customer,
            "customer_account": null,
            "description": self.description,
            "excluded_payment_method_types": null,
            "flow_directions": null,
            "last_setup_error": self.last_error,
            "latest_attempt": null,
            "livemode": false,
            "mandate": null,
            "metadata": self.metadata,
            "next_action": self.next_action,
            "on_behalf_of": null,
            "payment_method": self.method,
            "payment_method_configuration_details": null,
            "payment_method_options": { "card": {
                "mandate_options": null, "network": null, "request_three_d_secure": "automatic",
            } },
            "payment_method_types": if self.automatic { json!(TYPES) } else { json!(["card"]) },
            "single_use_mandate": null,
            "status": self.status,
            "usage": self.usage,
        })
    }

    fn is_open(&self) -> bool {
        matches!(
            self.status,
            "requires_payment_method" | "requires_confirmation" | "requires_action"
        )
    }
}

impl Work<'_> {
    /// `POST /v1/setup_intents`
    pub(crate) fn create_setup(&mut self, params: &Params) -> Result<Value, ApiError> {
        params.only(&[
            "automatic_payment_methods",
            "confirm",
            "customer",
            "description",
            "expand",
            "metadata",
            "payment_method",
            "payment_method_data",
            "payment_method_types",
            "return_url",
            "usage",
            "use_stripe_sdk",
        ])?;
        let customer = params.filled("customer")?.map(str::to_owned);
        customer.as_deref().map_or(Ok(()), |id| self.known_customer(id))?;
        let types = method_types(params)?;
        let automatic = params.map("automatic_payment_methods")?;
        if let Some(automatic) = &automatic {
            automatic.only(&["enabled", "allow_redirects"])?;
            automatic.required("enabled")?;
        }
        let usage = params.choice("usage", &["off_session", "on_session"])?;
        let id = ids::random("seti_1", 23);
        let mut setup = Setup {
            client_secret: ids::random(&format!("{id}_secret_"), 31),
            id: id.clone(),
            created: self.now,
            method: self.read_intent_method(params, customer.as_deref())?,
            customer,
            status: "requires_payment_method",
            usage: usage.unwrap_or("off_session").to_owned(),
            automatic: types.is_none(),
            description: params.filled("description")?.map(str::to_owned),
            metadata: Metadata::new(),
            last_error: None,
            cancellation_reason: None,
            return_url: None,
            in_page: false,
            next_action: Value::Null,
        };
        metadata::patch(&mut setup.metadata, params)?;
        setup.read_confirmation(params)?;
        if setup.method.is_some() {
            setup.status = "requires_confirmation";
        }
        let view = self.keep_setup(setup, "setup_intent.created");
        match params.boolean("confirm")? {
            Some(true) => self.set_up(&id, false),
            _ => Ok(view),
        }
    }

    /// `GET /v1/setup_intents/{id}`; `browser` if a page asks.
    pub(crate) fn retrieve_setup(
        &self,
        id: &str,
        params: &Params,
        browser: bool,
    ) -> Result<Value, ApiError> {
        params.only(&["client_secret", "expand"])?;
        let setup = self.setup(id)?;
        check_setup_secret(setup, params, browser)?;
        Ok(setup.view())
    }

    /// `POST /v1/setup_intents/{id}/confirm`; `browser` if a page asks.
    pub(crate) fn confirm_setup(
        &mut self,
        id: &str,
        params: &Params,
        browser: bool,
    ) -> Result<Value, ApiError> {
        let known = [
            "client_secret",
            "expand",
            "payment_method",
            "payment_method_data",
            "return_url",
            "use_stripe_sdk",
            "mandate_data",
        ];
        params.only(&known)?;
        let mut setup = self.setup(id)?.clone();
        check_setup_secret(&setup, params, browser)?;
        if !setup.is_open() {
            return Err(unexpected(&setup, "confirm"));
        }
        setup.read_confirmation(params)?;
        if let Some(method) = self.read_intent_method(params, setup.customer.as_deref())? {
            setup.method = Some(method);
        }
        self.state.setups.insert(id, setup);
        self.set_up(id, false)
    }

    /// `POST /v1/setup_intents/{id}/cancel`
    pub(crate) fn cancel_setup(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["cancellation_reason", "expand"])?;
        let reasons = ["abandoned", "duplicate", "requested_by_customer"];
        let reason = params.choice("cancellation_reason", &reasons)?.map(str::to_owned);
        let mut setup = self.setup(id)?.clone();
        if !setup.is_open() {
            return Err(unexpected(&setup, "cancel"));
        }
        setup.status = "canceled";
        setup.next_action = Value::Null;
        setup.cancellation_reason = reason;
        Ok(self.keep_setup(setup, "setup_intent.canceled"))
    }

    /// `GET /v1/setup_intents`
    pub(crate) fn list_setups(&self, params: &Params) -> Result<Value, ApiError> {
        let page = Page::read(params, &["customer", "payment_method"])?;
        let customer = params.filled("customer")?;
        let method = params.filled("payment_method")?;
        let wanted = |setup: &Setup| {
            page.created.contains(setup.created)
                && customer.is_none_or(|id| setup.customer.as_deref() == Some(id))
                && method.is_none_or(|id| setup.method.as_deref() == Some(id))
        };
        page.of(&self.state.setups, "setup_intent", "/v1/setup_intents", wanted, Setup::view)
    }

    /// `POST /v1/customer_sessions`
    pub(crate) fn create_customer_session(&self, params: &Params) -> Result<Value, ApiError> {
        params.only(&["components", "customer", "expand"])?;
        let customer = params.required("customer")?;
        self.known_customer(customer)?;
        let components = params.map("components")?;
        let components = components.ok_or_else(|| ApiError::missing("components"))?;
        components.only(&["payment_element"])?;
        let element = components.map("payment_element")?;
        let element = element.ok_or_else(|| ApiError::missing("components[payment_element]"))?;
        element.only(&["enabled", "features"])?;
        element.required("enabled")?;
        let features = element.map("features")?.unwrap_or_default();
        let switch = |name: &str| {
            Ok::<_, ApiError>(
                features.choice(name, &["enabled", "disabled"])?.unwrap_or("disabled"),
            )
        };
        let usage = features.choice("payment_method_save_usage", &["off_session", "on_session"])?;
        let off = json!({ "enabled": false });
        let element = json!({
            "enabled": element.boolean("enabled")?,
            "features": {
                "payment_method_allow_redisplay_filters": ["always"],
                "payment_method_redisplay": switch("payment_method_redisplay")?,
                "payment_method_redisplay_limit": 3,
                "payment_method_remove": switch("payment_method_remove")?,
                "payment_method_save": switch("payment_method_save")?,
                "payment_method_save_usage": usage,
            },
        });
        let disabled = json!({ "enabled": false, "features": null });
        Ok(json!({
            "object": "customer_session",
            "client_secret": ids::random("cuss_secret_", 40),
            "components": {
                "buy_button": off,
                "customer_sheet": disabled,
                "mobile_payment_element": disabled,
                "payment_element": element,
                "pricing_table": off,
            },
            "created": self.now,
            "customer": customer,
            "customer_account": null,
            "expires_at": self.now + SESSION_SECONDS,
            "livemode": false,
        }))
    }

    /// The payer has passed the challenge of the setup `id`, or failed it.
    pub(crate) fn answer_setup(&mut self, id: &str, passed: bool) -> Result<Value, ApiError> {
        let mut setup = self.setup(id)?.clone();
        if setup.status != "requires_action" {
            return Err(unexpected(&setup, "answer the challenge of"));
        }
        if passed {
            return self.set_up(id, true);
        }
        let method = setup.method.take().and_then(|id| self.state.methods.get(&id));
        setup.last_error = Some(json!({
            "code": "setup_intent_authentication_failure",
            "doc_url": "https://stripe.com/docs/error-codes/setup-intent-authentication-failure",
            "message":
                "The latest attempt to set up the payment method has failed because \
                 authentication failed.",
            "payment_method": method.map(Method::view),
            "type": "invalid_request_error",
        }));
        setup.status = "requires_payment_method";
        setup.next_action = Value::Null;
        Ok(self.keep_setup(setup, "setup_intent.setup_failed"))
    }

    /// The bank wants to see the payer of `setup`.
    fn challenge_setup(&mut self, mut setup: Setup) -> Value {
        let (pages, id, secret) = (self.pages, &setup.id, &setup.client_secret);
        let url = format!("{pages}/sandbox/3ds/{id}?client_secret={secret}");
        setup.next_action = if setup.in_page {
            json!({
                "type": "use_stripe_sdk",
                "use_stripe_sdk": { "type": "three_d_secure_redirect", "stripe_js": url },
            })
        } else {
            json!({
                "redirect_to_url": { "return_url": setup.return_url, "url": url },
                "type": "redirect_to_url",
            })
        };
        setup.status = "requires_action";
        self.keep_setup(setup, "setup_intent.requires_action")
    }

    /// Asks the bank, and keeps the method of the setup `id`; `seen` if its payer has passed the
    /// challenge.
    fn set_up(&mut self, id: &str, seen: bool) -> Result<Value, ApiError> {
        let mut setup = self.setup(id)?.clone();
        let method = setup.method.as_deref().and_then(|id| self.state.methods.get(id)).cloned();
        let Some(method) = method else {
            let message =
                "You cannot confirm this SetupIntent because it's missing a payment method.";
            return Err(ApiError::invalid(message).code("setup_intent_unexpected_state"));
        };
        match method.card.outcome {
            Outcome::Decline(decline) if !method.card.names.contains(&"chargeCustomerFail") => {
                return Err(self.fail_setup(setup, &method, decline));
            }
            Outcome::Challenge(_) | Outcome::ChallengeOnSession if !seen => {
                return Ok(self.challenge_setup(setup));
            }
            _ => {}
        }
        if let (Some(customer), None) = (&setup.customer, &method.customer) {
            self.attach(&method.id, customer)?;
        }
        setup.status = "succeeded";
        setup.next_action = Value::Null;
        setup.last_error = None;
        Ok(self.keep_setup(setup, "setup_intent.succeeded"))
    }

    fn fail_setup(
        &mut self,
        mut setup: Setup,
        method: &Method,
        decline: &'static Decline,
    ) -> ApiError {
        let error = card_error(decline).with("payment_method", method.view()).begun();
        setup.last_error = error.body().get("error").cloned();
        setup.method = None;
        setup.next_action = Value::Null;
        setup.status = "requires_payment_method";
        let view = self.keep_setup(setup, "setup_intent.setup_failed");
        error.with("setup_intent", view)
    }

    fn keep_setup(&mut self, setup: Setup, kind: &'static str) -> Value {
        let view = setup.view();
        self.state.setups.insert(setup.id.clone(), setup);
        self.emit(kind, view.clone());
        view
    }

    fn setup(&self, id: &str) -> Result<&Setup, ApiError> {
        let setup = self.state.setups.get(id);
        setup.ok_or_else(|| ApiError::not_found("setupintent", id, "intent"))
    }
}

impl Setup {
    /// How a confirmation is to go on if the bank wants to see the payer.
    fn read_confirmation(&mut self, params: &Params) -> Result<(), ApiError> {
        params.patch("return_url", &mut self.return_url)?;
        self.in_page = params.boolean("use_stripe_sdk")?.unwrap_or_default();
        Ok(())
    }
}

/// Whether `params` hold the client secret of `setup`, which a `browser` has to show.
pub(crate) fn check_setup_secret(
    setup: &Setup,
    params: &Params,
    browser: bool,
) -> Result<(), ApiError> {
    match params.filled("client_secret")? {
        Some(secret) if secret == setup.client_secret => Ok(()),
        None if !browser => Ok(()),
        None => Err(ApiError::missing("client_secret")),
        Some(_) => Err(ApiError::invalid(
            "The client_secret provided does not match any associated SetupIntent on this account.",
        )
        .code("setup_intent_invalid_parameter")
        .param("client_secret")),
    }
}

fn unexpected(setup: &Setup, what: &str) -> ApiError {
    let message =
        format!("You cannot {what} this SetupIntent because it has a status of {}.", setup.status);
    ApiError::invalid(message)
        .code("setup_intent_unexpected_state")
        .with("setup_intent", setup.view())
        .begun()
}
