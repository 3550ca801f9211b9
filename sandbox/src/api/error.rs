//! Stripe's errors, word for word.

use serde_json::{Map, Value, json};

/// What the API refuses, and how it says so.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Whether the call had begun, so that an idempotency key keeps the answer.
    pub(crate) begun: bool,
    fields: Map<String, Value>,
}

impl ApiError {
    /// An error of the given status and type.
    pub(crate) fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        let mut fields = Map::new();
        fields.insert("type".to_owned(), json!(kind));
        fields.insert("message".to_owned(), json!(message.into()));
        Self { status, begun: false, fields }
    }

    /// A request that makes no sense.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// Adds the machine-readable code, and where it is documented.
    pub(crate) fn code(self, code: &str) -> Self {
        let page = code.replace('_', "-");
        self.with("code", json!(code))
            .with("doc_url", json!(format!("https://stripe.com/docs/error-codes/{page}")))
    }

    /// Names the parameter at fault.
    pub(crate) fn param(self, name: &str) -> Self {
        self.with("param", json!(name))
    }

    /// Adds any other field.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// Gives it another HTTP status.
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Marks the call as begun: its answer is kept under the idempotency key.
    pub(crate) fn begun(mut self) -> Self {
        self.begun = true;
        self
    }

    /// A required parameter is not there.
    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}."))
            .code("parameter_missing")
            .param(param)
    }

    /// A parameter that cannot be unset was sent empty.
    pub(crate) fn empty(param: &str) -> Self {
        Self::invalid(format!(
            "You passed an empty string for '{param}'. We assume empty values are an attempt to \
             unset a parameter; however '{param}' cannot be unset. You should remove '{param}' \
             from your request or supply a non-empty value."
        ))
        .code("parameter_invalid_empty")
        .param(param)
    }

    /// A parameter that the sandbox does not know.
    pub(crate) fn unknown(param: &str) -> Self {
        Self::invalid(format!("Received unknown parameter: {param}"))
            .code("parameter_unknown")
            .param(param)
    }

    /// Two parameters that exclude each other.
    pub(crate) fn exclusive(one: &str, other: &str) -> Self {
        Self::invalid(format!("You may only specify one of these parameters: {one}, {other}."))
            .code("parameters_exclusive")
            .param(one)
    }

    /// A whole number was expected.
    pub(crate) fn integer(param: &str, value: &str) -> Self {
        Self::invalid(format!("Invalid integer: {value}"))
            .code("parameter_invalid_integer")
            .param(param)
    }

    /// A value that is none of those allowed.
    pub(crate) fn one_of(param: &str, allowed: &[&str]) -> Self {
        let list = match allowed {
            [only] => (*only).to_owned(),
            [first @ .., last] => format!("{}, or {last}", first.join(", ")),
            [] => String::new(),
        };
        Self::invalid(format!("Invalid {param}: must be one of {list}")).param(param)
    }

    /// A parameter names an object that does not exist.
    pub(crate) fn no_such(what: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {what}: '{id}'")).code("resource_missing").param(param)
    }

    /// The URL names an object that does not exist.
    pub(crate) fn not_found(what: &str, id: &str, param: &str) -> Self {
        Self::no_such(what, id, param).status(404)
    }

    /// The object is not in a state that allows this.
    pub(crate) fn unexpected_state(message: impl Into<String>, intent: Value) -> Self {
        Self::invalid(message)
            .code("payment_intent_unexpected_state")
            .with("payment_intent", intent)
            .begun()
    }

    /// The message, for pages.
    pub(crate) fn message(&self) -> &str {
        self.fields.get("message").and_then(Value::as_str).unwrap_or_default()
    }

    /// The answer's body.
    pub(crate) fn body(&self) -> Value {
        json!({ "error": self.fields })
    }
}
