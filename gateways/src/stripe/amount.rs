//! Stripe's minor units, which are not always those of ISO 4217.

use entities::{Currency, Money};

use crate::{Unreadable, units::rescale};

/// Stripe counts these in whole units: <https://docs.stripe.com/currencies#zero-decimal>.
const WHOLE: [&str; 15] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];

/// Stripe counts these in thousandths: <https://docs.stripe.com/currencies#three-decimal>.
const THOUSANDTHS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// `money` in Stripe's minor units, if they can express it.
pub(super) fn to_stripe(money: &Money) -> Option<i64> {
    rescale(money.minor, money.currency.exponent(), exponent(&money.currency))
}

/// What `minor` of Stripe's minor units of the currency `code` is; it cannot be negative.
pub(super) fn from_stripe(minor: i64, code: &str) -> Result<Money, Unreadable> {
    let currency: Currency =
        code.parse().map_err(|_| Unreadable::new("the currency is not of ISO 4217"))?;
    if minor < 0 {
        return Err(Unreadable::new("the amount is negative"));
    }
    let minor = rescale(minor, exponent(&currency), currency.exponent())
        .ok_or(Unreadable::new("the amount cannot be expressed in the currency's minor unit"))?;
    Ok(Money::new(minor, currency))
}

fn exponent(currency: &Currency) -> u16 {
    if WHOLE.contains(&currency.code()) {
        0
    } else if THOUSANDTHS.contains(&currency.code()) {
        3
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    #[test]
    fn amounts_follow_stripes_exponents() {
        let pairs = [
            (money(16_000, "usd"), 16_000),
            (money(500, "jpy"), 500),
            (money(1_230, "kwd"), 1_230),
            (money(500, "isk"), 50_000),
            (money(500, "ugx"), 50_000),
            (money(500, "mga"), 5),
        ];
        for (money, stripe) in pairs {
            assert_eq!(to_stripe(&money), Some(stripe), "{money}");
            assert_eq!(from_stripe(stripe, money.currency.code()), Ok(money));
        }
    }

    #[test]
    fn what_cannot_be_expressed_is_refused() {
        assert_eq!(to_stripe(&money(5, "mga")), None);
        assert_eq!(to_stripe(&money(i64::MAX, "isk")), None);
        assert!(from_stripe(50, "isk").is_err());
        assert!(from_stripe(-1, "usd").is_err());
        assert!(from_stripe(1, "xx").is_err());
    }
}
