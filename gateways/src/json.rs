//! Reading leniently: a part that we could do without never spoils the rest.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Longer words are not words of a provider's.
const MAX_CODE: usize = 64;

/// `raw` as a `T`, if it is one.
pub(crate) fn maybe<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// `raw` as a word of the provider's, such as `card_declined`, that is safe to log and to store.
pub(crate) fn code(raw: Option<&RawValue>) -> Option<String> {
    maybe(raw).filter(|text: &String| is_code(text))
}

/// Whether `text` may be a word of a provider's vocabulary.
pub(crate) fn is_code(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=MAX_CODE).contains(&text.len()) && text.bytes().all(legal)
}

/// `raw` as an address that may be put into a link.
pub(crate) fn link(raw: Option<&RawValue>) -> Option<String> {
    // The parser forgives control characters, which cannot all be stored; we do not.
    let text: String = maybe(raw).filter(|text: &String| !text.contains(char::is_control))?;
    let url = url::Url::parse(&text).ok()?;
    matches!(url.scheme(), "https" | "http").then_some(text)
}
