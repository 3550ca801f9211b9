use super::*;
use crate::text::WIDTH;

impl AlertMail<'_> {
    fn sample() -> Self {
        Self {
            kind: "amount-mismatch",
            subject: "txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f",
            detail: "The provider reports 1.00 USD, and 160.00 USD are owed.\nNothing was granted.",
            at: Timestamp::from_seconds(1_700_000_000),
        }
    }
}

#[test]
fn an_alert_says_what_was_seen_and_where() {
    let mail = alert(&AlertMail::sample()).unwrap();

    let id = "txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f";
    assert_eq!(mail.subject, format!("[quittance] amount-mismatch: {id}"));
    assert_eq!(
        mail.text,
        format!(
            "\
Something needs a person's eyes.

The provider reports 1.00 USD, and 160.00 USD are owed.
Nothing was granted.

Kind        amount-mismatch
About       {id}
Seen        14 November 2023, 22:13 UTC

You are told of each matter once.
"
        )
    );
    assert!(mail.html.contains("160.00 USD are owed.") && mail.html.contains(id));
}

#[test]
fn no_data_breaks_out_of_its_place() {
    let evil = "<script>alert(1)</script>\r\nBcc: eve@example.com";
    let data = AlertMail { kind: evil, subject: evil, detail: evil, ..AlertMail::sample() };
    let mail = alert(&data).unwrap();
    assert!(!mail.html.contains("<script"));
    assert!(!mail.subject.contains(['\r', '\n']));
}

#[test]
fn no_line_is_longer_than_mail_allows() {
    let long = "ä".repeat(30_000) + &"\nword".repeat(30_000);
    let mail = alert(&AlertMail { detail: &long, kind: &long, ..AlertMail::sample() }).unwrap();
    assert!(mail.text.lines().all(|line| line.chars().count() <= WIDTH));
    assert!(mail.html.len() < 300_000 && mail.subject.chars().count() <= 120);
}
