use entities::method::{from_wallet, name};

use crate::text;

/// Most characters of a brand or a wallet.
const NAME: usize = 30;

/// What was paid with, as its holder knows it: `Google Pay (Visa ending in 4242)`. `brand` is
/// `visa`, the digits are the last four, and `wallet` is `google_pay`.
pub(crate) fn method((brand, last4): (&str, &str), wallet: Option<&str>) -> String {
    let method = format!("{} ending in {}", name(&text::line(brand, NAME)), text::line(last4, 4));
    from_wallet(wallet.map(|wallet| text::line(wallet, NAME)).as_deref(), &method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_named_as_its_holder_knows_it() {
        assert_eq!(method(("amex", "0005"), None), "American Express ending in 0005");
        let wallet = method(("visa", "4242"), Some("apple_pay"));
        assert_eq!(wallet, "Apple Pay (Visa ending in 4242)");
        assert_eq!(method(("", "1001"), None), " ending in 1001");
    }
}
