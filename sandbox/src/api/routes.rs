//! Which call does what.

use poem::http::Method;
use serde_json::Value;

use super::{
    auth::{Caller, server_only},
    error::ApiError,
    params::Params,
};
use crate::stripe::{Work, check_expand};

/// A call that has been understood.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// GET, POST or DELETE.
    pub(crate) method: Method,
    /// The parts of the path after `/v1/`.
    pub(crate) path: Vec<String>,
    /// From the query and the body.
    pub(crate) params: Params,
    /// Who is calling.
    pub(crate) caller: Caller,
}

impl Call {
    /// The path as Stripe has it.
    pub(crate) fn url(&self) -> String {
        format!("/v1/{}", self.path.join("/"))
    }

    /// Does it.
    pub(crate) fn run(&self, work: &mut Work<'_>) -> Result<Value, ApiError> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let expand = self.params.list("expand")?.unwrap_or_default();
        if let Some(kind) = kind(&self.method, &path) {
            check_expand(kind, &expand)?;
        }
        let answer = match self.method {
            Method::GET => self.get(work, &path),
            Method::POST => self.post(work, &path),
            Method::DELETE => self.delete(work, &path),
            _ => Err(self.unrecognized()),
        };
        answer.map(|mut value| {
            work.expand(&mut value, &expand);
            value
        })
    }

    fn get(&self, work: &mut Work<'_>, path: &[&str]) -> Result<Value, ApiError> {
        let params = &self.params;
        let browser = self.caller == Caller::Browser;
        if let ["payment_intents", id] = path {
            return work.retrieve_intent(id, params, browser);
        }
        if let ["setup_intents", id] = path {
            return work.retrieve_setup(id, params, browser);
        }
        server_only(self.caller)?;
        match path {
            ["charges"] => work.list_charges(params),
            ["charges", id] => work.retrieve_charge(id, params),
            ["checkout", "sessions"] => work.list_sessions(params),
            ["checkout", "sessions", id] => work.retrieve_session(id, params),
            ["customers"] => work.list_customers(params),
            ["customers", id] => work.retrieve_customer(id, params),
            ["customers", id, "payment_methods"] => work.list_methods(params, Some(id)),
            ["events"] => work.list_events(params),
            ["events", id] => work.retrieve_event(id, params),
            ["files", id] => work.retrieve_file(id, params),
            ["disputes"] => work.list_disputes(params),
            ["disputes", id] => work.retrieve_dispute(id, params),
            ["payment_intents"] => work.list_intents(params),
            ["setup_intents"] => work.list_setups(params),
            ["refunds"] => work.list_refunds(params),
            ["refunds", id] => work.retrieve_refund(id, params),
            ["payment_methods"] => work.list_methods(params, None),
            ["payment_methods", id] => work.retrieve_method(id, params),
            _ => Err(self.unrecognized()),
        }
    }

    fn post(&self, work: &mut Work<'_>, path: &[&str]) -> Result<Value, ApiError> {
        let params = &self.params;
        match path {
            ["payment_intents", id, "confirm"] => {
                let browser = self.caller == Caller::Browser;
                return work.confirm_intent(id, params, browser);
            }
            ["setup_intents", id, "confirm"] => {
                let browser = self.caller == Caller::Browser;
                return work.confirm_setup(id, params, browser);
            }
            ["payment_methods"] => return work.create_method(params),
            _ => server_only(self.caller)?,
        }
        match path {
            ["checkout", "sessions"] => work.create_session(params),
            ["checkout", "sessions", id, "expire"] => work.expire_session(id, params),
            ["customers"] => work.create_customer(params),
            ["customers", id] => work.update_customer(id, params),
            ["customer_sessions"] => work.create_customer_session(params),
            ["setup_intents"] => work.create_setup(params),
            ["setup_intents", id, "cancel"] => work.cancel_setup(id, params),
            ["files"] => work.create_file(params),
            ["disputes", id] => work.update_dispute(id, params),
            ["disputes", id, "close"] => work.close_dispute(id, params),
            ["refunds"] => work.create_refund(params),
            ["payment_intents"] => work.create_intent(params),
            ["payment_intents", id] => work.update_intent(id, params),
            ["payment_intents", id, "cancel"] => work.cancel_intent(id, params),
            ["payment_methods", id] => work.update_method(id, params),
            ["payment_methods", id, "attach"] => work.attach_method(id, params),
            ["payment_methods", id, "detach"] => work.detach_method(id, params),
            _ => Err(self.unrecognized()),
        }
    }

    fn delete(&self, work: &mut Work<'_>, path: &[&str]) -> Result<Value, ApiError> {
        server_only(self.caller)?;
        match path {
            ["customers", id] => work.delete_customer(id, &self.params),
            _ => Err(self.unrecognized()),
        }
    }

    fn unrecognized(&self) -> ApiError {
        let message = format!(
            "Unrecognized request URL ({}: {}). If you are trying to list objects, remove the \
             trailing slash. If you are trying to retrieve an object, make sure you passed a valid \
             (non-empty) identifier in your code. Please see https://stripe.com/docs or we can \
             help at https://support.stripe.com/.",
            self.method,
            self.url()
        );
        ApiError::invalid(message).status(404)
    }
}

/// What kind of object a call answers with, for [`check_expand`].
fn kind(method: &Method, path: &[&str]) -> Option<&'static str> {
    let list = *method == Method::GET;
    match path {
        ["payment_intents"] if list => Some("payment_intents"),
        ["charges"] if list => Some("charges"),
        ["checkout", "sessions"] if list => Some("sessions"),
        ["checkout", "sessions", ..] => Some("session"),
        ["setup_intents"] if list => Some("setup_intents"),
        ["setup_intents", ..] => Some("setup_intent"),
        ["customer_sessions", ..] => Some("customer_session"),
        ["refunds"] if list => Some("refunds"),
        ["refunds", ..] => Some("refund"),
        ["disputes"] if list => Some("disputes"),
        ["disputes", ..] => Some("dispute"),
        ["files", ..] => Some("file"),
        ["payment_methods"] | ["customers", _, "payment_methods"] if list => {
            Some("payment_methods")
        }
        ["payment_intents", ..] => Some("payment_intent"),
        ["charges", ..] => Some("charge"),
        ["payment_methods", ..] => Some("payment_method"),
        ["customers"] if list => Some("customers"),
        ["customers", ..] => Some("customer"),
        ["events", ..] => Some("event"),
        _ => None,
    }
}
