//! What becomes of a try to take money.

use serde_json::{Value, json};

use super::{
    Work,
    cards::{AUTHENTICATION, Decline, ENDLESS, Outcome},
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

/// What the bank says.
enum Verdict {
    /// It wants to see the payer.
    Challenge,
    /// It pays, or says why not.
    Settled(Option<&'static Decline>),
}

fn verdict(intent: &Intent, method: &Method, how: Try) -> Verdict {
    match method.card.outcome {
        Outcome::Approve => Verdict::Settled(None),
        Outcome::Decline(decline) => Verdict::Settled(Some(decline)),
        Outcome::Debit(failure) => Verdict::Settled(failure),
        Outcome::Challenge(then) if intent.authenticated => Verdict::Settled(then),
        Outcome::ChallengeOnSession if intent.authenticated => Verdict::Settled(None),
        Outcome::ChallengeOnSession if how.off_session && method.customer.is_some() => {
            Verdict::Settled(None)
        }
        _ if how.off_session => Verdict::Settled(Some(&AUTHENTICATION)),
        _ => Verdict::Challenge,
    }
}

impl Work<'_> {
    /// Tries to take the money of the intent `id` from its method.
    pub(crate) fn attempt(&mut self, id: &str, how: Try) -> Result<Value, ApiError> {
        let (intent, method) = self.ready(id)?;
        match verdict(&intent, &method, how) {
            Verdict::Challenge if how.no_challenge => {
                Err(self.fail(intent, &method, &AUTHENTICATION, false))
            }
            Verdict::Challenge => Ok(self.challenge(intent, how.in_page)),
            Verdict::Settled(_) if method.card.is_bank() => Ok(self.debit(intent, &method)),
            Verdict::Settled(_) if self.slow => Ok(self.process(intent)),
            Verdict::Settled(failure) => self.settle(intent, &method, failure),
        }
    }

    /// Ends the processing of the intent `id`.
    pub(crate) fn conclude(&mut self, id: &str) -> Result<Value, ApiError> {
        let (mut intent, method) = self.ready(id)?;
        if intent.status != Status::Processing {
            return Ok(self.view_intent(&intent));
        }
        // Whoever had to be challenged was, or the intent would not be processed.
        intent.authenticated |= matches!(method.card.outcome, Outcome::Challenge(_));
        match verdict(&intent, &method, Try { off_session: true, ..Try::default() }) {
            Verdict::Settled(failure) => self.settle(intent, &method, failure),
            Verdict::Challenge => self.settle(intent, &method, None),
        }
    }

    fn ready(&self, id: &str) -> Result<(Intent, Method), ApiError> {
        let intent = self.intent(id)?;
        let method = intent.method.as_deref().and_then(|method| self.state.methods.get(method));
        let method = method.ok_or_else(|| self.no_method(id))?;
        Ok((intent.clone(), method.clone()))
    }

    fn settle(
        &mut self,
        intent: Intent,
        method: &Method,
        failure: Option<&'static Decline>,
    ) -> Result<Value, ApiError> {
        match failure {
            Some(decline) => Err(self.fail(intent, method, decline, true)),
            None => Ok(self.succeed(intent, method)),
        }
    }

    /// Asks the bank, which takes its time.
    fn debit(&mut self, mut intent: Intent, method: &Method) -> Value {
        intent.last_error = None;
        intent.to(Status::Processing);
        if !method.card.names.contains(&ENDLESS) {
            self.debited.push(intent.id.clone());
        }
        self.store_and_emit(intent, "payment_intent.processing")
    }

    fn process(&mut self, mut intent: Intent) -> Value {
        intent.last_error = None;
        intent.to(Status::Processing);
        self.processing.push(intent.id.clone());
        self.store_and_emit(intent, "payment_intent.processing")
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
        self.dispute_by_card(&intent.id, method.card.number);
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

    /// Keeps `intent`, and tells everybody what became of it.
    pub(crate) fn store_and_emit(&mut self, intent: Intent, kind: &'static str) -> Value {
        let view = self.view_intent(&intent);
        self.emit(kind, view.clone());
        self.follow_session(&intent, kind);
        self.state.intents.insert(intent.id.clone(), intent);
        view
    }
}
