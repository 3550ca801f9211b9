//! PayPal's errors, word for word.

use serde_json::{Value, json};

use crate::ids;

/// What the API refuses, and how it says so.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    name: &'static str,
    message: &'static str,
    issue: Option<(&'static str, &'static str)>,
    field: Option<String>,
    /// Where the payer has to go again.
    redirect: Option<String>,
}

const UNPROCESSABLE: &str = "The requested action could not be performed, semantically incorrect, \
                             or failed business validation.";

impl Refusal {
    const fn new(status: u16, name: &'static str, message: &'static str) -> Self {
        Self { status, name, message, issue: None, field: None, redirect: None }
    }

    /// A request that makes no sense.
    pub(crate) fn invalid(issue: &'static str, description: &'static str, field: &str) -> Self {
        let message = "Request is not well-formed, syntactically incorrect, or violates schema.";
        Self {
            issue: Some((issue, description)),
            field: Some(field.to_owned()),
            ..Self::new(400, "INVALID_REQUEST", message)
        }
    }

    /// A field that has to be there.
    pub(crate) fn missing(field: &str) -> Self {
        Self::invalid("MISSING_REQUIRED_PARAMETER", "A required parameter is missing.", field)
    }

    /// A field of the wrong form.
    pub(crate) fn syntax(field: &str) -> Self {
        let description = "The value of a field does not conform to the expected format.";
        Self::invalid("INVALID_PARAMETER_SYNTAX", description, field)
    }

    /// A body that is not JSON.
    pub(crate) fn malformed() -> Self {
        Self::invalid("MALFORMED_REQUEST_JSON", "The request JSON is not well formed.", "/")
    }

    /// A body that does not say that it is JSON.
    pub(crate) const fn media() -> Self {
        let message = "The server does not support the request payload's media type.";
        Self::new(415, "UNSUPPORTED_MEDIA_TYPE", message)
    }

    /// A request that is understood and not done.
    pub(crate) fn unprocessable(issue: &'static str, description: &'static str) -> Self {
        let issue = Some((issue, description));
        Self { issue, ..Self::new(422, "UNPROCESSABLE_ENTITY", UNPROCESSABLE) }
    }

    /// Names the field at fault.
    pub(crate) fn at(self, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..self }
    }

    /// Says where the payer has to go again.
    pub(crate) fn redirect(self, url: String) -> Self {
        Self { redirect: Some(url), ..self }
    }

    /// No such object.
    pub(crate) fn not_found() -> Self {
        let description =
            "Specified resource ID does not exist. Please check the resource ID and try again.";
        let issue = Some(("INVALID_RESOURCE_ID", description));
        let message = "The specified resource does not exist.";
        Self { issue, ..Self::new(404, "RESOURCE_NOT_FOUND", message) }
    }

    /// No token, or one that is not good.
    pub(crate) fn unauthorized() -> Self {
        let message = "Authentication failed due to missing authorization header, or invalid \
                       authentication credentials.";
        Self::new(401, "AUTHENTICATION_FAILURE", message)
    }

    /// The same request is being done just now.
    pub(crate) fn conflict() -> Self {
        let description = "A previous request on this resource is currently in progress. Please \
                           wait for some time and try again.";
        let issue = Some(("PREVIOUS_REQUEST_IN_PROGRESS", description));
        let message = "The server has detected a conflict while processing this request.";
        Self { issue, ..Self::new(409, "RESOURCE_CONFLICT", message) }
    }

    /// The sandbox was asked to fail.
    pub(crate) fn broken() -> Self {
        Self::new(500, "INTERNAL_SERVER_ERROR", "An internal server error occurred.")
    }

    /// The answer's body.
    pub(crate) fn body(&self) -> Value {
        let debug_id = ids::random("", 13).to_ascii_lowercase();
        let mut body = json!({ "name": self.name, "message": self.message, "debug_id": debug_id });
        if let Some((issue, description)) = self.issue {
            let mut detail = json!({ "issue": issue, "description": description });
            if let Some(field) = &self.field {
                detail["field"] = json!(field);
                detail["location"] = json!("body");
            }
            body["details"] = json!([detail]);
            let href = format!(
                "https://developer.paypal.com/api/rest/reference/orders/v2/errors/#{issue}"
            );
            body["links"] = json!([{ "href": href, "rel": "information_link", "method": "GET" }]);
        }
        if let Some(url) = &self.redirect {
            body["links"] = json!([{ "href": url, "rel": "redirect", "method": "GET" }]);
        }
        body
    }

    /// Its finest word, for pages.
    pub(crate) fn reason(&self) -> &'static str {
        self.issue.map_or(self.message, |(_, description)| description)
    }
}
