//! Calls written as forms. The types generated for them would double the time it takes to build this
//! crate, for a handful of words.

use serde::Deserialize;
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{GatewayError, Unreadable, wire::Answer};

/// Parameters, as Stripe's form writes them.
pub(super) type Form<'a> = Vec<(&'a str, &'a str)>;

/// A call that changes something.
pub(super) fn post(path: &str, form: &[(&str, &str)]) -> RequestBuilder {
    let request = RequestBuilder::new(StripeMethod::Post, path);
    // An empty form would be written as one parameter without a name.
    if form.is_empty() { request } else { request.form(&Pairs(form)) }
}

/// Pairs as a map, which is what the form's encoder takes.
pub(super) struct Pairs<'a>(pub(super) &'a [(&'a str, &'a str)]);

impl serde::Serialize for Pairs<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// What cannot be read has happened all the same.
pub(super) fn read<'a, T: Deserialize<'a>>(answer: &'a Answer) -> Result<T, GatewayError> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| GatewayError::Shape(Unreadable::from(error)))
}
