//! Form-encoded parameters, with Stripe's brackets: `metadata[key]=value`, `expand[]=field`.

use std::collections::BTreeMap;

use url::form_urlencoded;

use super::{error::ApiError, multipart};

/// Most parameters in one request. Metadata has at most 50 keys; nothing sane comes near this.
const MAX_FIELDS: usize = 1_000;

/// Deepest nesting of brackets, as at Stripe.
const MAX_DEPTH: usize = 5;

/// A parameter: a text, or parameters inside it. A list is a map whose keys are its indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// `name=text`
    Text(String),
    /// `name[key]=…`
    Map(BTreeMap<String, Field>),
}

/// Reads `input`, a query string or a form-encoded body.
pub(crate) fn parse(input: &[u8]) -> Result<BTreeMap<String, Field>, ApiError> {
    let mut root = BTreeMap::new();
    for (count, (name, value)) in form_urlencoded::parse(input).enumerate() {
        if count >= MAX_FIELDS {
            return Err(ApiError::invalid(format!("More than {MAX_FIELDS} parameters.")));
        }
        let path = path(&name).ok_or_else(|| malformed(&name))?;
        insert(&mut root, &path, value.into_owned()).ok_or_else(|| malformed(&name))?;
    }
    Ok(root)
}

/// Reads a body of several parts; a file is what is known of it.
pub(crate) fn of_parts(boundary: &str, body: &[u8]) -> Result<BTreeMap<String, Field>, ApiError> {
    let parts = multipart::parse(boundary, body);
    let parts = parts.ok_or_else(|| ApiError::invalid("The body cannot be read."))?;
    let field = |part: multipart::Part| match part.file {
        None => (part.name, Field::Text(String::from_utf8_lossy(&part.content).into_owned())),
        Some(file) => {
            let known = [
                ("filename", file),
                ("size", part.content.len().to_string()),
                ("type", part.media.unwrap_or_default()),
            ];
            let known = known.map(|(name, text)| (name.to_owned(), Field::Text(text)));
            (part.name, Field::Map(BTreeMap::from(known)))
        }
    };
    Ok(parts.into_iter().map(field).collect())
}

/// `a[b][]` as `["a", "b", ""]`; `None` if the brackets do not match up.
fn path(name: &str) -> Option<Vec<&str>> {
    let Some((head, rest)) = name.split_once('[') else {
        return (!name.contains(']')).then(|| vec![name]);
    };
    let keys = rest.strip_suffix(']')?.split("][");
    let path: Vec<&str> = std::iter::once(head).chain(keys).collect();
    let sound = !head.is_empty()
        && path.len() <= MAX_DEPTH
        && path.iter().all(|key| !key.contains(['[', ']']));
    sound.then_some(path)
}

/// Puts `value` where `path` leads; `None` if a text already stands in the way.
fn insert(map: &mut BTreeMap<String, Field>, path: &[&str], value: String) -> Option<()> {
    let (head, rest) = path.split_first()?;
    let key = if head.is_empty() { map.len().to_string() } else { (*head).to_owned() };
    if rest.is_empty() {
        return match map.insert(key, Field::Text(value)) {
            None | Some(Field::Text(_)) => Some(()),
            Some(Field::Map(_)) => None,
        };
    }
    match map.entry(key).or_insert_with(|| Field::Map(BTreeMap::new())) {
        Field::Map(inner) => insert(inner, rest, value),
        Field::Text(_) => None,
    }
}

fn malformed(name: &str) -> ApiError {
    ApiError::invalid(format!("Invalid parameter name: {name}")).param(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::params::Params;

    fn text(value: &str) -> Field {
        Field::Text(value.to_owned())
    }

    #[test]
    fn brackets_nest_and_lists_keep_their_order() {
        let form = parse(b"a=1&m[x]=2&m[y][z]=3&e[]=p&e[]=q&f[1]=s&f[0]=r").unwrap();
        assert_eq!(form["a"], text("1"));
        let Field::Map(m) = &form["m"] else { panic!("not a map") };
        assert_eq!(m["x"], text("2"));
        let params = Params::new(form);
        assert_eq!(params.list("e").unwrap().unwrap(), ["p", "q"]);
        assert_eq!(params.list("f").unwrap().unwrap(), ["r", "s"]);
    }

    #[test]
    fn odd_names_are_errors_not_panics() {
        for name in ["a[", "a]", "[b]=1", "a[b", "a[b]c=1", "a=1&a[b]=2", "a[b]=1&a=2"] {
            assert!(parse(name.as_bytes()).is_err(), "{name}");
        }
        assert!(parse(b"a[b][c][d][e][f][g]=1").is_err());
        assert!(parse("a=1&".repeat(2_000).as_bytes()).is_err());
    }
}
