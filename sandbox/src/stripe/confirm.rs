//! Confirming a payment intent, and the challenge that may follow.

use serde_json::Value;

use super::{
    Work,
    intents::{Intent, Status, check_secret},
    outcome::Try,
};
use crate::api::{error::ApiError, params::Params};

impl Work<'_> {
    /// `POST /v1/payment_intents/{id}/confirm`; `browser` if a page asks.
    pub(crate) fn confirm_intent(
        &mut self,
        id: &str,
        params: &Params,
        browser: bool,
    ) -> Result<Value, ApiError> {
        params.only(&[
            "client_secret",
            "error_on_requires_action",
            "expand",
            "mandate_data",
            "off_session",
            "payment_method",
            "payment_method_data",
            "payment_method_types",
            "receipt_email",
            "return_url",
            "setup_future_usage",
            "shipping",
            "use_stripe_sdk",
        ])?;
        let mut intent = self.intent(id)?.clone();
        check_secret(&intent, params, browser)?;
        self.check_confirmable(&intent, browser)?;
        intent.patch(params)?;
        let how = Try::read(&mut intent, params, true)?;
        let method = self.read_intent_method(params, intent.customer.as_deref())?;
        if method.is_some() {
            intent.authenticated = false;
        }
        let method = method.or_else(|| intent.method.clone());
        self.state.intents.insert(id, intent);
        let answer = match method {
            Some(method) => self.take_method(id, method, how),
            None => Err(self.no_method(id)),
        };
        if browser { self.for_payer(id, answer) } else { answer }
    }

    /// Gives the intent `id` its method, and tries to take the money.
    pub(crate) fn take_method(
        &mut self,
        id: &str,
        method: String,
        how: Try,
    ) -> Result<Value, ApiError> {
        if let Some(intent) = self.state.intents.get_mut(id) {
            intent.method = Some(method);
        }
        self.attempt(id, how)
    }

    /// The payer has passed the challenge of the intent `id`, or failed it.
    pub(crate) fn answer_challenge(&mut self, id: &str, passed: bool) -> Result<Value, ApiError> {
        let mut intent = self.intent(id)?.clone();
        if intent.status != Status::RequiresAction {
            let message = format!(
                "This PaymentIntent has a status of {}: there is no challenge to answer.",
                intent.status.name()
            );
            return Err(ApiError::unexpected_state(message, self.view_intent(&intent)));
        }
        if !passed {
            return Ok(self.fail_challenge(intent));
        }
        intent.authenticated = true;
        let manual = intent.manual;
        intent.to(Status::RequiresConfirmation);
        let view = self.view_intent(&intent);
        self.state.intents.insert(id, intent);
        if manual { Ok(view) } else { self.attempt(id, Try::default()) }
    }

    /// The error of confirming the intent `id`, which has no method.
    pub(crate) fn no_method(&self, id: &str) -> ApiError {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment \
                       method. You can either update the PaymentIntent with a payment method and \
                       then confirm it again, or confirm it again directly with a payment method \
                       or ConfirmationToken.";
        match self.intent(id) {
            Ok(intent) => ApiError::unexpected_state(message, self.view_intent(intent)),
            Err(error) => error,
        }
    }

    fn check_confirmable(&self, intent: &Intent, browser: bool) -> Result<(), ApiError> {
        if intent.manual && browser {
            return Err(ApiError::invalid(
                "This PaymentIntent cannot be confirmed using your publishable key because its \
                 `confirmation_method` is set to `manual`. Please use your secret key instead, or \
                 create a PaymentIntent with `confirmation_method` set to `automatic`.",
            ));
        }
        if intent.status.is_open() {
            return Ok(());
        }
        let message = match intent.status {
            Status::Succeeded => "You cannot confirm this PaymentIntent because it has already \
                                  succeeded after being previously confirmed."
                .to_owned(),
            status => format!(
                "You cannot confirm this PaymentIntent because it has a status of {}. Only a \
                 PaymentIntent with one of the following statuses may be confirmed: \
                 requires_confirmation, requires_action.",
                status.name()
            ),
        };
        let view = if browser { self.view_for_payer(intent) } else { self.view_intent(intent) };
        Err(ApiError::unexpected_state(message, view))
    }

    /// `answer` without what only the merchant of the intent `id` may see.
    fn for_payer(&self, id: &str, answer: Result<Value, ApiError>) -> Result<Value, ApiError> {
        let view = self.view_for_payer(self.intent(id)?);
        match answer {
            Ok(_) => Ok(view),
            Err(error) => Err(error.with("payment_intent", view)),
        }
    }
}
