//! Ways to pay, as those who have them call them: the words of pages, mails, invoices and tables.

/// A brand of cards, or another kind of way to pay: `American Express` for `amex`.
pub fn name(code: &str) -> String {
    let known = match code {
        "amex" => "American Express",
        "diners" => "Diners Club",
        "eftpos_au" => "eftpos",
        "jcb" => "JCB",
        "paypal" => "PayPal",
        "unionpay" => "UnionPay",
        "us_bank_account" => "Bank account",
        other => return capital(other),
    };
    known.to_owned()
}

/// A wallet that cards are in: `Apple Pay` for `apple_pay`.
pub fn wallet(code: &str) -> String {
    match code {
        "apple_pay" => "Apple Pay".to_owned(),
        "google_pay" => "Google Pay".to_owned(),
        other => capital(other),
    }
}

/// `method`, and the wallet it was in: `Google Pay (Visa •••• 4242)`.
pub fn from_wallet(code: Option<&str>, method: &str) -> String {
    match code {
        Some(code) => format!("{} ({method})", wallet(code)),
        None => method.to_owned(),
    }
}

fn capital(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_and_wallets_are_written_as_their_owners_do() {
        assert_eq!(name("visa"), "Visa");
        assert_eq!(name("amex"), "American Express");
        assert_eq!(name("cartes_bancaires"), "Cartes bancaires");
        assert_eq!(name("paypal"), "PayPal");
        assert_eq!(name(""), "");
        assert_eq!(from_wallet(Some("google_pay"), "Visa"), "Google Pay (Visa)");
        assert_eq!(from_wallet(Some("samsung_pay"), "Visa"), "Samsung pay (Visa)");
        assert_eq!(from_wallet(None, "Visa"), "Visa");
    }
}
