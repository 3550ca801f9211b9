use std::sync::LazyLock;

use super::*;
use crate::text::WIDTH;

static PAID: LazyLock<Money> = LazyLock::new(|| Money::new(16_000, "usd".parse().unwrap()));
static BACK: LazyLock<Money> = LazyLock::new(|| Money::new(6_666, "usd".parse().unwrap()));

const STEPS: [RefundStep; 7] = [
    RefundStep::Requested,
    RefundStep::Approved,
    RefundStep::Denied,
    RefundStep::Appealed,
    RefundStep::Rejected,
    RefundStep::Paid,
    RefundStep::Failed,
];

fn sample(step: RefundStep) -> RefundMail<'static> {
    RefundMail {
        step,
        payment_id: "txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f".parse().unwrap(),
        request_id: Some("ref_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f".parse().unwrap()),
        package: "Pro",
        paid: &PAID,
        amount: &BACK,
        method: Some(("visa", "4242")),
        wallet: Some("apple_pay"),
        reason: Some("The credits were used by a script that you wrote."),
        appeal_days: 14,
        at: Timestamp::from_seconds(1_700_000_000),
        seller: "Northwind",
    }
}

// AC9.5.6
#[test]
fn a_refund_receipt_says_how_much_goes_where_and_when_it_arrives() {
    let mail = refund(&sample(RefundStep::Paid)).unwrap();
    assert_eq!(mail.subject, "Refund receipt: Pro from Northwind, 66.66 USD");
    assert_eq!(
        mail.text,
        "\
Northwind has sent back your money for Pro.

It goes to the method you paid with and arrives within 5 to 10 business days,
depending on your bank. The credits it was for are taken back.

Package     Pro
Paid        160.00 USD
Refund      66.66 USD
Method      Apple Pay (Visa ending in 4242)
Date        14 November 2023, 22:13 UTC
Request     ref_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f
Payment     txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f

You get this mail because of a payment for your account. If you have a
question, write to Northwind and name the payment above.
"
    );
    for part in ["66.66 USD", "5 to 10 business days", "Apple Pay (Visa ending in 4242)"] {
        assert!(mail.html.contains(part), "{part}");
    }
}

// AC9.5.4, AC9.5.7
#[test]
fn a_denial_has_its_reason_and_a_failure_asks_for_another_way() {
    let denied = refund(&sample(RefundStep::Denied)).unwrap();
    for part in ["used by a script", "second look"] {
        assert!(denied.text.contains(part) && denied.html.contains(part), "{part}");
    }
    let failed = refund(&sample(RefundStep::Failed)).unwrap();
    assert!(failed.text.contains("another way to pay you"));
    assert!(!failed.text.contains("used by a script"));
}

#[test]
fn hostile_words_stay_words() {
    let evil = "x\r\nBcc: eve@example.com <script>alert(1)</script> \u{202E}";
    for step in STEPS {
        let data = RefundMail {
            package: evil,
            seller: evil,
            reason: Some(evil),
            method: Some((evil, evil)),
            wallet: Some(evil),
            ..sample(step)
        };
        let mail = refund(&data).unwrap();
        assert!(!mail.subject.contains(['\r', '\n']), "{step:?}");
        assert!(!mail.html.contains("<script>"), "{step:?}");
        assert!(mail.text.lines().all(|line| line.chars().count() <= WIDTH), "{}", mail.text);
    }
}

// AC9.5.4
#[test]
fn a_denial_names_the_days_in_which_a_second_look_may_be_asked_for() {
    let mail = refund(&sample(RefundStep::Denied)).unwrap();
    assert!(
        mail.text.contains("within 14\ndays") || mail.text.contains("within 14 days"),
        "{}",
        mail.text
    );
    assert!(mail.html.contains("within 14 days"), "{}", mail.html);
}
