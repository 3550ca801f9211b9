//! Amounts of money.

use std::{fmt, str::FromStr};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency, written in lower case as Stripe does (`usd`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, DeriveValueType, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Currency(String);

/// Why a text or a sum is not money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not an ISO 4217 code.
    #[error("{0:?} is not an ISO 4217 currency code")]
    Currency(String),
    /// The sum does not fit 64 bits.
    #[error("the sum is too large")]
    Overflow,
    /// Two currencies in one sum.
    #[error("{0} cannot be added to {1}")]
    Mixed(Currency, Currency),
}

impl Currency {
    /// The code, in lower case.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// How many decimals the currency is written with (ISO 4217; providers differ in a few).
    pub fn exponent(&self) -> u16 {
        iso_currency::Currency::from_code(&self.0.to_ascii_uppercase())
            .and_then(iso_currency::Currency::exponent)
            .unwrap_or(2)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = text.len() == 3
            && iso_currency::Currency::from_code(&text.to_ascii_uppercase()).is_some();
        if known {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(MoneyError::Currency(text.chars().take(20).collect()))
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount of money in the currency's minor unit (cents for `usd`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; 16000 is 160 dollars.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The sum of two amounts of one currency.
    pub fn checked_add(&self, other: &Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(other.currency.clone(), self.currency.clone()));
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency: self.currency.clone() })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = u32::from(self.currency.exponent());
        let code = self.currency.code().to_ascii_uppercase();
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        if exponent == 0 {
            return write!(f, "{sign}{minor} {code}");
        }
        let unit = 10_u64.pow(exponent);
        let width = exponent as usize;
        write!(f, "{sign}{}.{:0width$} {code}", minor / unit, minor % unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    #[test]
    fn money_is_written_with_its_currencys_decimals() {
        assert_eq!(money(16_000, "usd").to_string(), "160.00 USD");
        assert_eq!(money(-5, "eur").to_string(), "-0.05 EUR");
        assert_eq!(money(500, "JPY").to_string(), "500 JPY");
        assert_eq!(money(1_234, "kwd").to_string(), "1.234 KWD");
    }

    #[test]
    fn sums_are_checked() {
        assert_eq!(money(1, "usd").checked_add(&money(2, "usd")), Ok(money(3, "usd")));
        assert_eq!(money(i64::MAX, "usd").checked_add(&money(1, "usd")), Err(MoneyError::Overflow));
        assert!(money(1, "usd").checked_add(&money(1, "eur")).is_err());
    }

    #[test]
    fn what_is_no_currency_is_refused() {
        for text in ["", "us", "usdd", "zzz", "u$d", "éu"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }
}
