//! Who is calling.

use std::fmt::Write;

use poem::http::{HeaderMap, header};

use super::error::ApiError;

/// Who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A server, with a secret key.
    Server,
    /// A page, with a publishable key.
    Browser,
}

/// Finds out from the request's headers.
pub(crate) fn caller(headers: &HeaderMap) -> Result<Caller, ApiError> {
    let Some(key) =
        headers.get(header::AUTHORIZATION).and_then(|value| key(value.to_str().ok()?))
    else {
        return Err(unauthorized(
            "You did not provide an API key. You need to provide your API key in the \
             Authorization header, using Bearer auth (e.g. 'Authorization: Bearer \
             YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we \
             can help at https://support.stripe.com/.",
        ));
    };
    let sound = |rest: &str| !rest.is_empty() && rest.len() <= 255;
    if key.starts_with("sk_live_") || key.starts_with("rk_live_") || key.starts_with("pk_live_") {
        return Err(unauthorized(
            "This is a sandbox, and the API key is a live one. Use a key that begins with \
             `sk_test_`, and consider that key no longer secret.",
        ));
    }
    match key.split_once("_test_") {
        Some(("sk" | "rk", rest)) if sound(rest) => Ok(Caller::Server),
        Some(("pk", rest)) if sound(rest) => Ok(Caller::Browser),
        _ => Err(unauthorized(&format!("Invalid API Key provided: {}", masked(&key)))),
    }
}

/// Refuses a page what only a server may do.
pub(crate) fn server_only(caller: Caller) -> Result<(), ApiError> {
    match caller {
        Caller::Server => Ok(()),
        Caller::Browser => Err(unauthorized(
            "This API call cannot be made with a publishable API key. Please use a secret API \
             key. You can find a list of your API keys at \
             https://dashboard.stripe.com/account/apikeys.",
        )
        .code("secret_key_required")),
    }
}

fn unauthorized(message: &str) -> ApiError {
    ApiError::new(401, "invalid_request_error", message)
}

/// The key in `Bearer key` or in `Basic base64(key:)`.
fn key(header: &str) -> Option<String> {
    let (scheme, value) = header.split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return (!value.is_empty()).then(|| value.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(base64(value)?).ok()?;
    let key = text.split(':').next().unwrap_or_default();
    (!key.is_empty()).then(|| key.to_owned())
}

/// Decodes base64; none if it is not.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        bits = (bits << 6 | u32::from(digit(byte)?)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

/// A key of which only the ends can be read.
fn masked(key: &str) -> String {
    let chars: Vec<char> = key.chars().take(255).collect();
    let mut masked = String::new();
    for (place, char) in chars.iter().enumerate() {
        let open = place < 8 || place + 4 >= chars.len();
        // Writing to a `String` cannot fail.
        let _ = masked.write_char(if open { *char } else { '*' });
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Result<Caller, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, header.parse().unwrap());
        caller(&headers)
    }

    #[test]
    fn test_keys_are_accepted_and_nothing_else() {
        assert_eq!(of("Bearer sk_test_x").unwrap(), Caller::Server);
        assert_eq!(of("Basic c2tfdGVzdF94Og==").unwrap(), Caller::Server);
        assert_eq!(of("Bearer pk_test_x").unwrap(), Caller::Browser);
        let odd = ["Bearer", "Bearer ", "Bearer foo", "Bearer sk_test_", "Basic ?", "Digest x"];
        for header in odd {
            assert_eq!(of(header).unwrap_err().status, 401, "{header}");
        }
        assert!(of("Bearer sk_live_abc").unwrap_err().message().contains("live"));
    }

    #[test]
    fn base64_is_decoded() {
        assert_eq!(base64("c2tfdGVzdF94Og==").unwrap(), b"sk_test_x:");
        assert_eq!(base64("c2tfdGVzdF94Og").unwrap(), b"sk_test_x:");
        assert_eq!(base64("?"), None);
    }
}
