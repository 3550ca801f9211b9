/// A way to pay, as its holder knows it: `Visa ending in 4242`.
pub(crate) fn method(brand: &str, last4: &str) -> String {
    format!("{} ending in {last4}", name(brand))
}

/// What stood for `method` when it was paid with: `Google Pay (Visa ending in 4242)`.
pub(crate) fn from_wallet(wallet: Option<&str>, method: &str) -> String {
    let name = match wallet {
        None => return method.to_owned(),
        Some("apple_pay") => "Apple Pay".to_owned(),
        Some("google_pay") => "Google Pay".to_owned(),
        Some(other) => capitalised(&other.replace('_', " ")),
    };
    format!("{name} ({method})")
}

fn name(brand: &str) -> String {
    match brand {
        "amex" => "American Express".to_owned(),
        "diners" => "Diners Club".to_owned(),
        "jcb" => "JCB".to_owned(),
        "unionpay" => "UnionPay".to_owned(),
        "eftpos_au" => "eftpos".to_owned(),
        other => capitalised(&other.replace('_', " ")),
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brand_is_written_as_on_the_card() {
        assert_eq!(method("visa", "4242"), "Visa ending in 4242");
        assert_eq!(method("amex", "0005"), "American Express ending in 0005");
        assert_eq!(method("cartes_bancaires", "1001"), "Cartes bancaires ending in 1001");
        assert_eq!(method("", "1001"), " ending in 1001");
        assert_eq!(from_wallet(Some("google_pay"), "Visa"), "Google Pay (Visa)");
        assert_eq!(from_wallet(Some("samsung_pay"), "Visa"), "Samsung pay (Visa)");
        assert_eq!(from_wallet(None, "Visa"), "Visa");
    }
}
