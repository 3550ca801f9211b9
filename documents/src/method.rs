/// A way to pay, as its holder knows it: `Visa ending in 4242`.
pub(crate) fn method(brand: &str, last4: &str) -> String {
    format!("{} ending in {last4}", name(brand))
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
    }
}
