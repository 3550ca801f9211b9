//! PayPal's amounts: decimal texts, whose decimals are not always those of ISO 4217.

use entities::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::{Unreadable, units::rescale};

/// PayPal takes no decimals in these: <https://developer.paypal.com/reference/currency-codes/>.
const WHOLE: [&str; 3] = ["huf", "jpy", "twd"];

/// Longest amount: ten digits, a point and two decimals are what PayPal documents.
const MAX_CHARACTERS: usize = 32;

/// An amount as PayPal writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Amount {
    currency_code: String,
    value: String,
}

impl Amount {
    /// `money` as PayPal writes it, if it can.
    pub(super) fn of(money: &Money) -> Option<Self> {
        let places = places(&money.currency);
        let minor = rescale(money.minor, money.currency.exponent(), places)?;
        if minor < 0 {
            return None;
        }
        let unit = 10_i64.checked_pow(u32::from(places))?;
        let value = match places {
            0 => minor.to_string(),
            places => {
                format!("{}.{:0width$}", minor / unit, minor % unit, width = usize::from(places))
            }
        };
        Some(Self { currency_code: money.currency.code().to_ascii_uppercase(), value })
    }

    /// What it is in our minor units.
    pub(super) fn money(&self) -> Result<Money, Unreadable> {
        let currency: Currency = self
            .currency_code
            .parse()
            .map_err(|_| Unreadable::new("the currency is not of ISO 4217"))?;
        let minor = minor(&self.value, currency.exponent())
            .ok_or(Unreadable::new("the amount is not one of its currency"))?;
        Ok(Money::new(minor, currency))
    }
}

/// How many decimals PayPal writes `currency` with.
fn places(currency: &Currency) -> u16 {
    if WHOLE.contains(&currency.code()) { 0 } else { 2 }
}

/// Reads digits, a point and digits; what is finer than the minor unit is no amount.
fn minor(text: &str, exponent: u16) -> Option<i64> {
    if text.len() > MAX_CHARACTERS {
        return None;
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return None;
    }
    let unit = 10_i64.checked_pow(u32::from(exponent))?;
    let places = u32::try_from(part.len()).ok()?;
    let part = rescale(part.parse().ok()?, u16::try_from(places).ok()?, exponent)?;
    whole.parse::<i64>().ok()?.checked_mul(unit)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    fn amount(value: &str, code: &str) -> Amount {
        Amount { currency_code: code.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn amounts_are_written_with_paypals_decimals() {
        let pairs = [
            (money(16_000, "usd"), amount("160.00", "USD")),
            (money(5, "eur"), amount("0.05", "EUR")),
            (money(500, "jpy"), amount("500", "JPY")),
            // Two decimals in ISO 4217, none at PayPal.
            (money(50_000, "huf"), amount("500", "HUF")),
        ];
        for (money, amount) in pairs {
            assert_eq!(Amount::of(&money), Some(amount.clone()));
            assert_eq!(amount.money(), Ok(money));
        }
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        assert_eq!(Amount::of(&money(50_001, "huf")), None);
        assert_eq!(Amount::of(&money(-1, "usd")), None);
    }

    #[test]
    fn amounts_are_read_strictly() {
        assert_eq!(amount("160", "USD").money(), Ok(money(16_000, "usd")));
        assert_eq!(amount("160.5", "USD").money(), Ok(money(16_050, "usd")));
        assert_eq!(amount("500.00", "JPY").money(), Ok(money(500, "jpy")));
        let odd = ["", ".", "1.", ".5", "-1.00", "+1", "1e3", "1,00", "0.001", "1 0", "１"];
        for text in odd {
            assert!(amount(text, "USD").money().is_err(), "{text}");
        }
        assert!(amount(&"9".repeat(40), "USD").money().is_err());
        assert!(amount("1.00", "XXA").money().is_err());
    }
}
