//! Amounts, times and states as people read them.

use entities::{
    Money, Timestamp,
    method::{from_wallet, name},
    payment::{Model, Status},
};
use time::{format_description::BorrowedFormatItem, macros::format_description};

const DAY: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year]");
const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
const SECOND: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]:[second]");

/// `$160.00`; with its code where the sign alone does not say which currency it is.
pub(crate) fn money(money: &Money) -> String {
    let text = money.to_string();
    let (number, code) = text.split_once(' ').unwrap_or((&text, ""));
    let sign = match code {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        _ => return text,
    };
    match number.strip_prefix('-') {
        Some(number) => format!("-{sign}{number}"),
        None => format!("{sign}{number}"),
    }
}

/// `21 Nov 2026`.
pub(crate) fn day(at: Timestamp) -> String {
    at.datetime().format(DAY).unwrap_or_else(|_| at.to_string())
}

/// `21 Nov 2026, 14:05 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    at.datetime().format(MOMENT).unwrap_or_else(|_| at.to_string())
}

/// `21 Nov 2026, 14:05:09`: where the order of what happened matters.
pub(crate) fn second(at: Timestamp) -> String {
    at.datetime().format(SECOND).unwrap_or_else(|_| at.to_string())
}

/// `240 credits`.
pub(crate) fn credits(count: i64) -> String {
    if count == 1 { "1 credit".to_owned() } else { format!("{count} credits") }
}

/// What was paid with, as far as that is known: `Google Pay (Visa •••• 4242)`.
pub(crate) fn paid_with(payment: &Model) -> String {
    let [kind, brand, last4] =
        [&payment.method_kind, &payment.method_brand, &payment.method_last4].map(Option::as_deref);
    from_wallet(payment.method_wallet.as_deref(), &method(kind, brand, last4))
}

/// `Visa •••• 4242`.
pub(crate) fn method(kind: Option<&str>, brand: Option<&str>, last4: Option<&str>) -> String {
    match (brand.or(kind).map(name), last4) {
        (Some(name), Some(last4)) => format!("{name} •••• {last4}"),
        (Some(name), None) => name,
        (None, _) => "—".to_owned(),
    }
}

/// The status in a word or two.
pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Pending => "Not paid",
        Status::RequiresAction => "Waiting for you",
        Status::Processing => "Processing",
        Status::Failed => "Failed",
        Status::Canceled => "Canceled",
        Status::Succeeded => "Paid",
        Status::PartiallyRefunded => "Partly refunded",
        Status::Refunded => "Refunded",
        Status::Blocked => "Blocked",
    }
}

/// How the status looks.
pub(crate) const fn tone(status: Status) -> &'static str {
    match status {
        Status::RequiresAction | Status::Processing => "wait",
        Status::Failed | Status::Blocked => "bad",
        Status::Succeeded => "good",
        Status::Pending | Status::Canceled | Status::PartiallyRefunded | Status::Refunded => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_methods_read_like_on_a_bill() {
        let usd = |minor| Money::new(minor, "usd".parse().unwrap());
        assert_eq!(money(&usd(16_000)), "$160.00");
        assert_eq!(money(&usd(-5)), "-$0.05");
        assert_eq!(money(&Money::new(500, "chf".parse().unwrap())), "5.00 CHF");
        assert_eq!(method(Some("card"), Some("visa"), Some("4242")), "Visa •••• 4242");
        assert_eq!(method(Some("us_bank_account"), None, None), "Bank account");
        assert_eq!(method(None, None, None), "—");
        let at = Timestamp::from_seconds(1_700_000_000);
        assert_eq!(moment(at), "14 Nov 2023, 22:13 UTC");
    }
}
