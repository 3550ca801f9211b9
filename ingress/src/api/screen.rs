//! What may stand nowhere in a request: what looks like a card number, and what cannot be stored.

use serde_json::Value;
use uuid::Uuid;

/// Fewest and most digits of a card number.
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// Whether a name or a value anywhere in `json` holds a card number.
pub(crate) fn json_holds_card(json: &Value) -> bool {
    any_text(json, holds_card)
}

/// Whether a name or a text anywhere in `json` holds U+0000.
pub(crate) fn json_holds_nul(json: &Value) -> bool {
    any_text(json, |text| text.contains('\0'))
}

/// Whether `holds` is true of a name, a text or a written number anywhere in `json`.
fn any_text(json: &Value, holds: fn(&str) -> bool) -> bool {
    match json {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => holds(&number.to_string()),
        Value::String(text) => holds(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, holds)),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| holds(name) || any_text(value, holds))
        }
    }
}

/// Whether `text` holds 13 to 19 digits, with spaces, hyphens or dots between them, that begin like a
/// card's and have its check digit. Ids are let through: theirs are random, and one in ten of a
/// number's length would fit.
pub(crate) fn holds_card(text: &str) -> bool {
    if is_id(text) {
        return false;
    }
    let mut digits: Vec<u8> = Vec::new();
    let mut gap = false;
    for c in text.chars() {
        match c.to_digit(10) {
            Some(digit) => {
                digits.push(u8::try_from(digit).unwrap_or(0));
                gap = false;
            }
            None if matches!(c, ' ' | '-' | '.') && !gap && !digits.is_empty() => gap = true,
            None => {
                if any_card(&digits) {
                    return true;
                }
                digits.clear();
                gap = false;
            }
        }
    }
    any_card(&digits)
}

/// Whether some part of a run of digits is a card number; the whole run, unless it is longer.
fn any_card(digits: &[u8]) -> bool {
    if digits.len() <= *DIGITS.end() {
        return is_card(digits);
    }
    // Longer than any: two numbers in a row, or something else's beginning.
    DIGITS
        .clone()
        .any(|length| is_card(&digits[..length]) || is_card(&digits[digits.len() - length..]))
}

fn is_card(digits: &[u8]) -> bool {
    // Payment cards begin with 2 to 6; times in milliseconds begin with 1.
    let begins = digits.first().is_some_and(|first| (2..=6).contains(first));
    DIGITS.contains(&digits.len()) && begins && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(if place % 2 == 1 { doubled(*digit) } else { *digit }))
        .sum();
    sum.is_multiple_of(10)
}

/// Whether `text` is nothing but an id: one of ours, of a provider's (letters among the rest), or a
/// UUID.
fn is_id(text: &str) -> bool {
    // Thirty-two digits would be a UUID too; two numbers in a row are likelier.
    if Uuid::try_parse(text).is_ok() && !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let Some((prefix, rest)) = text.split_once('_') else { return false };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let short = (2..=6).contains(&prefix.len()) && prefix.chars().all(|c| c.is_ascii_lowercase());
    let ours = rest.len() == 32 && rest.chars().all(|c| c.is_ascii_hexdigit());
    let theirs = rest.len() >= 14
        && rest.chars().all(word)
        && rest.chars().filter(char::is_ascii_alphabetic).count() >= 4;
    short && (ours || theirs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // 000-SR2, 002-SC5
    #[test]
    fn a_card_number_is_seen_however_it_is_written() {
        for text in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "4242.4242.4242.4242",
            "378282246310005",
            "my card is 5555555555554444, thanks",
            "x4000000000000002y",
            "pm_4242424242424242",
            "６ 4242424242424242",
            "42424242424242424242424242424242",
        ] {
            assert!(holds_card(text), "{text}");
        }
        assert!(json_holds_card(&json!({ "a": [{ "b": 4_242_424_242_424_242_u64 }] })));
        assert!(json_holds_card(&json!({ "4242424242424242": 1 })));
        let escaped: Value = serde_json::from_str(r#"{"a":"\u0034242424242424242"}"#).unwrap();
        assert!(json_holds_card(&escaped));
    }

    #[test]
    fn what_only_has_many_digits_is_let_through() {
        for text in [
            "",
            "pro-200",
            "4242424242424241",
            "1790000000000",
            "1790000000000000",
            "2026-11-21T15:26:32Z",
            "txn_01994242424242424242424242424242",
            "pi_3QxaB4242424242424242Zz",
            "0199a3c5-d2e8-7b3c-8f0a-1b2c3d4e5f60",
            "+49 30 1234567",
            "ada@example.com",
        ] {
            assert!(!holds_card(text), "{text}");
        }
    }
}
