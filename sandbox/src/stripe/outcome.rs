//! What becomes of a try to take money.

use serde_json::{Value, json};

use super::{
    Work,
    cards::{AUTHENTICATION, Decline, Outcome},
    intents::{Intent, Status},
    methods::Method,
};
use crate::api::error::ApiError;

/// The error with which a card is refused.
pub(crate) fn card_error(decline: &Decline) -> ApiError {
    let error = ApiError::new(402, "card_error", decline.message)
        .code(decline.code)
        .with("decline_code", json!(decline.reason))
        .with("advice_code", json!(decline.advice));
    match decline.param {
        Some(param) => error.param(param),
        None => error,
    }
}

/// Under which circumstances a payment is tried.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Try {
    /// The payer is away.
    pub(crate) off_session: bool,
    /// The merchant would rather fail than send the payer to a challenge.
    pub(crate) no_challenge: bool,
    /// Stripe's own script shows the challenge.
    pub(crate) in_page: bool,
}

impl Work<'_> {
    /// Tries to take the money of the intent `id` from its method.
    pub(crate) fn attempt(&mut self, id: &str, how: Try) -> Result<Value, ApiError> {
        let missing = || ApiError::not_found("payment_intent", id, "intent");
        let intent = self.state.intents.get(id).ok_or_else(missing)?.clone();
        let method = intent.method.as_deref().and_then(|method| self.state.methods.get(method));
        let method = method.ok_or_else(missing)?.clone();
        match method.card.outcome {
            Outcome::Approve => Ok(self.succeed(intent, &method)),
            Outcome::Decline(decline) => Err(self.fail(intent, &method, decline, true)),
            Outcome::Challenge(then) if intent.authenticated => match then {
                Some(decline) => Err(self.fail(intent, &method, decline, true)),
                None => Ok(self.succeed(intent, &method)),
            },
            Outcome::ChallengeOnSession if intent.authenticated => {
                Ok(self.succeed(intent, &method))
            }
            Outcome::ChallengeOnSession if how.off_session && method.customer.is_some() => {
                Ok(self.succeed(intent, &method))
            }
            _ if how.off_session => Err(self.fail(intent, &method, &AUTHENTICATION, true)),
            _ if how.no_challenge => Err(self.fail(intent, &method, &AUTHENTICATION, false)),
            _ => Ok(self.challenge(intent, how.in_page)),
        }
    }

    /// The payer failed the challenge, or gave it up.
    pub(crate) fn fail_challenge(&mut self, mut intent: Intent) -> Value {
        let method = intent.method.take().and_then(|id| self.state.methods.get(&id));
        let method = method.map(Method::view);
        intent.last_error = Some(json!({
            "code": "payment_intent_authentication_failure",
            "doc_url":
                "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
            "message":
                "The provided PaymentMethod has failed authentication. You can provide \
                 payment_method_data or a new PaymentMethod to attempt to fulfill this \
                 PaymentIntent again.",
            "payment_method": method,
            "type": "invalid_request_error",
        }));
        intent.to(Status::RequiresPaymentMethod);
        self.store_and_emit(intent, "payment_intent.payment_failed")
    }

    fn succeed(&mut self, mut intent: Intent, method: &Method) -> Value {
        let charge = self.charge(&intent, method, None);
        intent.latest_charge = Some(charge);
        intent.last_error = None;
        intent.to(Status::Succeeded);
        let view = self.store_and_emit(intent.clone(), "payment_intent.succeeded");
        match (&intent.customer, &method.customer, &intent.future_usage) {
            // The id was just found, so attaching cannot fail.
            (Some(customer), None, Some(_)) => drop(self.attach(&method.id, customer)),
            (_, None, _) => {
                if let Some(method) = self.state.methods.get_mut(&method.id) {
                    method.spent = true;
                }
            }
            _ => {}
        }
        view
    }

    fn fail(
        &mut self,
        mut intent: Intent,
        method: &Method,
        decline: &'static Decline,
        charged: bool,
    ) -> ApiError {
        let charge = charged.then(|| self.charge(&intent, method, Some(decline)));
        let mut error = card_error(decline).with("payment_method", method.view()).begun();
        if let Some(charge) = &charge {
            error = error.with("charge", json!(charge)).with("network_decline_code", json!("01"));
            intent.latest_charge = Some(charge.clone());
        }
        intent.last_error = error.body().get("error").cloned();
        intent.method = None;
        intent.authenticated = false;
        intent.to(Status::RequiresPaymentMethod);
        let view = self.store_and_emit(intent, "payment_intent.payment_failed");
        error.with("payment_intent", view)
    }

    fn challenge(&mut self, mut intent: Intent, in_page: bool) -> Value {
        intent.in_page = in_page;
        intent.last_error = None;
        intent.to(Status::RequiresAction);
        self.store_and_emit(intent, "payment_intent.requires_action")
    }

    pub(crate) fn store_and_emit(&mut self, intent: Intent, kind: &'static str) -> Value {
        let view = self.view_intent(&intent);
        self.state.intents.insert(intent.id.clone(), intent);
        self.emit(kind, view.clone());
        view
    }
}
