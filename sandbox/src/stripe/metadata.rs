//! What the merchant writes on an object: metadata, addresses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::{error::ApiError, params::Params};

/// Most keys of metadata, as at Stripe.
const MAX_KEYS: usize = 50;
/// Longest key of metadata, as at Stripe.
const MAX_KEY: usize = 40;
/// Longest value of metadata, as at Stripe.
const MAX_VALUE: usize = 500;

/// What the merchant noted, by key.
pub(crate) type Metadata = BTreeMap<String, String>;

/// Changes `metadata` as asked: empty values remove their keys, an empty parameter removes all.
pub(crate) fn patch(metadata: &mut Metadata, params: &Params) -> Result<(), ApiError> {
    let Some(changes) = params.map("metadata")? else { return Ok(()) };
    let changes = changes.texts()?;
    if changes.is_empty() {
        metadata.clear();
    }
    for (key, value) in changes {
        check(key, value)?;
        if value.is_empty() {
            metadata.remove(key);
        } else {
            metadata.insert(key.to_owned(), value.to_owned());
        }
    }
    if metadata.len() > MAX_KEYS {
        let message = format!("Metadata can have up to {MAX_KEYS} keys, but you passed in more.");
        return Err(ApiError::invalid(message).param("metadata"));
    }
    Ok(())
}

fn check(key: &str, value: &str) -> Result<(), ApiError> {
    for (what, text, most) in [("keys", key, MAX_KEY), ("values", value, MAX_VALUE)] {
        let length = text.chars().count();
        if length > most {
            let message = format!(
                "Metadata {what} can have up to {most} characters, but you passed in a value that \
                 is {length} characters. Invalid value: {text}"
            );
            return Err(ApiError::invalid(message).param(&format!("metadata[{key}]")));
        }
    }
    Ok(())
}

/// Reads the address `name`; null if it was sent empty.
pub(crate) fn address(params: &Params, name: &str) -> Result<Option<Value>, ApiError> {
    let Some(address) = params.map(name)? else { return Ok(None) };
    let fields = ["city", "country", "line1", "line2", "postal_code", "state"];
    address.only(&fields)?;
    read(&address, &fields).map(Some)
}

/// Reads `shipping`; null if it was sent empty.
pub(crate) fn shipping(params: &Params) -> Result<Option<Value>, ApiError> {
    let Some(shipping) = params.map("shipping")? else { return Ok(None) };
    let fields = ["carrier", "name", "phone", "tracking_number"];
    shipping.only(&["address", "carrier", "name", "phone", "tracking_number"])?;
    let mut value = read(&shipping, &fields)?;
    if value.is_object() || shipping.has("address") {
        shipping.required("name")?;
        let address = address(&shipping, "address")?;
        value["address"] = address.ok_or_else(|| ApiError::missing("shipping[address]"))?;
    }
    Ok(Some(value))
}

/// Reads `billing_details`, with every field that Stripe shows.
pub(crate) fn billing_details(params: &Params) -> Result<Value, ApiError> {
    let fields = ["email", "name", "phone", "tax_id"];
    let blank = Params::default();
    let details = params.map("billing_details")?.unwrap_or(blank);
    details.only(&["address", "email", "name", "phone", "tax_id"])?;
    let mut value = json!({ "email": null, "name": null, "phone": null, "tax_id": null });
    for field in fields {
        value[field] = json!(details.text(field)?.filter(|text| !text.is_empty()));
    }
    let none = json!({
        "city": null, "country": null, "line1": null, "line2": null, "postal_code": null,
        "state": null,
    });
    value["address"] = address(&details, "address")?.filter(Value::is_object).unwrap_or(none);
    Ok(value)
}

/// The texts `fields` as an object, null each that is not there; null if none is.
fn read(params: &Params, fields: &[&str]) -> Result<Value, ApiError> {
    let mut value = json!({});
    let mut any = false;
    for field in fields {
        let text = params.text(field)?.filter(|text| !text.is_empty());
        any |= text.is_some();
        value[*field] = json!(text);
    }
    Ok(if any { value } else { Value::Null })
}
