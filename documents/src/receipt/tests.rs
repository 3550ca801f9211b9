use std::sync::LazyLock;

use super::*;
use crate::text::WIDTH;

static PAID: LazyLock<Money> = LazyLock::new(|| Money::new(16_000, "usd".parse().unwrap()));

impl ReceiptMail<'_> {
    fn sample() -> Self {
        Self {
            payment_id: "txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f".parse().unwrap(),
            package: "Pro",
            paid: &PAID,
            credits: 240,
            held: 0,
            balance: 265,
            method: Some(("visa", "4242")),
            wallet: None,
            succeeded_at: Timestamp::from_seconds(1_700_000_000),
            receipt_url: Some("https://pay.stripe.com/receipts/acct_1/ch_1/rcpt_1"),
            seller: "Northwind",
        }
    }

    fn hostile(evil: &'static str) -> Self {
        let method = Some((evil, evil));
        let receipt_url = Some(evil);
        Self { package: evil, method, receipt_url, seller: evil, ..Self::sample() }
    }
}

#[test]
fn a_receipt_says_what_was_paid_and_what_came_of_it() {
    let mail = receipt(&ReceiptMail::sample()).unwrap();

    assert_eq!(mail.subject, "Receipt: Pro from Northwind, 160.00 USD");
    assert_eq!(
        mail.text,
        "\
Thank you. Northwind received your payment of 160.00 USD.

240 credits were added to your account. Your balance is now 265.

Package     Pro
Paid        160.00 USD
Method      Visa ending in 4242
Date        14 November 2023, 22:13 UTC
Payment     txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f

The payment provider's receipt:
https://pay.stripe.com/receipts/acct_1/ch_1/rcpt_1

You get this mail because a payment was made for your account. If it was not
you, write to Northwind and name the payment above.
"
    );
    for part in ["160.00 USD", "240 credits were", "265", "Visa ending in 4242", "txn_0192"] {
        assert!(mail.html.contains(part), "{part}");
    }
    assert!(mail.html.contains("href=\"https://pay.stripe.com/receipts/acct_1/ch_1/rcpt_1\""));
}

#[test]
fn what_is_not_known_is_not_said() {
    let data = ReceiptMail { method: None, receipt_url: None, credits: 1, ..ReceiptMail::sample() };
    let mail = receipt(&data).unwrap();
    for body in [&mail.text, &mail.html] {
        assert!(body.contains("1 credit was"));
        assert!(!body.contains("Method") && !body.contains("https://"), "{body}");
    }
}

#[test]
fn no_data_breaks_out_of_its_place() {
    for evil in [
        "<script>alert(1)</script>",
        "\"><script>alert(1)</script>",
        "javascript:alert(1)//<script>",
        "https://evil.example/\"><script>",
        "x\r\nBcc: eve@example.com",
        "",
    ] {
        let mail = receipt(&ReceiptMail::hostile(evil)).unwrap();
        assert!(!mail.html.contains("<script"), "{evil}");
        assert!(!mail.html.contains("href=") && !mail.text.contains("\nBcc"), "{evil}");
        assert!(!mail.subject.contains(['\r', '\n']), "{evil}");
    }
}

#[test]
fn no_line_is_longer_than_mail_allows() {
    let long: &str = "Ein sehr langer Name ".repeat(40).leak();
    let unbroken: &str = "é".repeat(2_000).leak();
    for data in [ReceiptMail::sample(), ReceiptMail::hostile(long), ReceiptMail::hostile(unbroken)]
    {
        let mail = receipt(&data).unwrap();
        assert!(mail.subject.chars().count() <= 120);
        assert!(mail.text.lines().all(|line| line.chars().count() <= WIDTH), "{}", mail.text);
    }
}

#[test]
fn credits_that_are_set_aside_are_not_said_to_be_there() {
    let mail = receipt(&ReceiptMail { held: 240, balance: 0, ..ReceiptMail::sample() }).unwrap();
    for text in [&mail.text, &mail.html] {
        assert!(!text.contains("were added"), "{text}");
        assert!(text.contains("being reviewed"), "{text}");
    }
    assert!(mail.text.contains("received your payment of 160.00 USD"));
}
