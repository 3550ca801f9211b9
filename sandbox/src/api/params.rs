//! Parameters, read as what they should be.

use std::collections::BTreeMap;

use super::{error::ApiError, form::Field, parse_form};

/// The parameters of a request, or those inside one of its parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    prefix: String,
    fields: BTreeMap<String, Field>,
}

impl Params {
    /// The parameters of a request.
    pub(crate) fn new(fields: BTreeMap<String, Field>) -> Self {
        Self { prefix: String::new(), fields }
    }

    /// What errors call the parameter `name`.
    pub(crate) fn full_name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.prefix) }
    }

    /// Refuses every parameter that is not in `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(ApiError::unknown(&self.full_name(name))),
            None => Ok(()),
        }
    }

    /// Whether `name` was sent at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// A text; empty if the client wants the field unset.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        const MAX_CHARS: usize = 5_000;
        match self.fields.get(name) {
            None => Ok(None),
            Some(Field::Text(text)) if text.chars().count() > MAX_CHARS => {
                let name = self.full_name(name);
                let message = format!("Invalid string: must be at most {MAX_CHARS} characters");
                Err(ApiError::invalid(message).code("parameter_invalid_string").param(&name))
            }
            Some(Field::Text(text)) => Ok(Some(text)),
            Some(Field::Map(_)) => {
                let name = self.full_name(name);
                Err(ApiError::invalid("Invalid string").param(&name))
            }
        }
    }

    /// A text that cannot be unset.
    pub(crate) fn filled(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.text(name)? {
            Some("") => Err(ApiError::empty(&self.full_name(name))),
            text => Ok(text),
        }
    }

    /// A text that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.filled(name)?.ok_or_else(|| ApiError::missing(&self.full_name(name)))
    }

    /// A whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.filled(name)? else { return Ok(None) };
        let number = text.parse().map_err(|_| ApiError::integer(&self.full_name(name), text))?;
        Ok(Some(number))
    }

    /// A truth value.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.filled(name)? {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => {
                let message = format!("Invalid boolean: {other}");
                Err(ApiError::invalid(message).param(&self.full_name(name)))
            }
        }
    }

    /// One of a few words.
    pub(crate) fn choice(&self, name: &str, allowed: &[&str]) -> Result<Option<&str>, ApiError> {
        match self.filled(name)? {
            Some(word) if !allowed.contains(&word) => {
                Err(ApiError::one_of(&self.full_name(name), allowed))
            }
            word => Ok(word),
        }
    }

    /// The parameters inside `name`; none if it was sent empty.
    pub(crate) fn map(&self, name: &str) -> Result<Option<Self>, ApiError> {
        let prefix = self.full_name(name);
        match self.fields.get(name) {
            None => Ok(None),
            Some(Field::Map(fields)) => Ok(Some(Self { prefix, fields: fields.clone() })),
            Some(Field::Text(text)) if text.is_empty() => {
                Ok(Some(Self { prefix, fields: BTreeMap::new() }))
            }
            Some(Field::Text(_)) => Err(ApiError::invalid("Invalid object").param(&prefix)),
        }
    }

    /// The texts of the list `name`.
    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(inner) = self.map(name).map_err(|_| self.no_array(name))? else {
            return Ok(None);
        };
        let mut items: Vec<_> = inner.fields.into_iter().collect();
        items.sort_by_key(|(index, _)| index.parse::<u32>().unwrap_or(u32::MAX));
        let texts = items.into_iter().map(|(_, field)| match field {
            Field::Text(text) => Ok(text),
            Field::Map(_) => Err(self.no_array(name)),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// Every text directly inside, by name.
    pub(crate) fn texts(&self) -> Result<Vec<(&str, &str)>, ApiError> {
        let texts = self
            .fields
            .keys()
            .map(|name| self.text(name).map(|text| (name.as_str(), text.unwrap_or_default())));
        texts.collect()
    }

    /// Sets `field` if `name` was sent, and unsets it if it was sent empty.
    pub(crate) fn patch(&self, name: &str, field: &mut Option<String>) -> Result<(), ApiError> {
        if let Some(text) = self.text(name)? {
            *field = (!text.is_empty()).then(|| text.to_owned());
        }
        Ok(())
    }

    fn no_array(&self, name: &str) -> ApiError {
        ApiError::invalid("Invalid array").param(&self.full_name(name))
    }
}

/// Parameters with these names, written as in a form: `payment_method_data[type]`.
pub(crate) fn flat(fields: &[(&str, &str)]) -> Result<Params, ApiError> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    Ok(Params::new(parse_form(body.extend_pairs(fields).finish().as_bytes())?))
}
