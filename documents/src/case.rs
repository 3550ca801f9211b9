use askama::Template;
use entities::{PaymentId, Timestamp};

use crate::{Mail, RenderError, date::date, field::Field, text};

/// Most characters of a seller's or a package's name.
const NAME: usize = 100;

/// Most characters of a paragraph.
const PARAGRAPH: usize = 2_000;

/// What a person of the seller's writes to a customer about a payment that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct CaseMail<'a> {
    /// The payment.
    pub payment_id: PaymentId,
    /// What was bought, in words.
    pub package: &'a str,
    /// What was written.
    pub text: &'a str,
    /// When.
    pub at: Timestamp,
    /// Who sold it.
    pub seller: &'a str,
}

/// The mail that brings it.
pub fn case(data: &CaseMail<'_>) -> Result<Mail, RenderError> {
    let view = View::new(data)?;
    let subject = format!("About your payment: {} from {}", view.package, view.seller);
    let text = CaseText { view: &view }.render()?;
    let html = CaseHtml { view: &view }.render()?;
    Ok(Mail::new(&subject, &text, html))
}

/// What both templates say.
struct View {
    seller: String,
    package: String,
    /// What was written, each of its lines a paragraph.
    paragraphs: Vec<String>,
    fields: Vec<Field>,
}

impl View {
    fn new(data: &CaseMail<'_>) -> Result<Self, RenderError> {
        let package = text::line(data.package, NAME);
        let lines = data.text.lines().map(|line| text::line(line, PARAGRAPH));
        let fields = vec![
            Field::new("Package", &package),
            Field::new("Date", &date(data.at)?),
            Field::new("Payment", &data.payment_id.to_string()),
        ];
        Ok(Self {
            seller: text::line(data.seller, NAME),
            package,
            paragraphs: lines.filter(|line| !line.is_empty()).collect(),
            fields,
        })
    }
}

#[derive(Template)]
#[template(path = "case.txt")]
struct CaseText<'a> {
    view: &'a View,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CaseHtml<'a> {
    view: &'a View,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str) -> Mail {
        let data = CaseMail {
            payment_id: "txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f".parse().unwrap(),
            package: "Pro",
            text,
            at: Timestamp::from_seconds(1_700_000_000),
            seller: "Northwind",
        };
        case(&data).unwrap()
    }

    #[test]
    fn a_message_is_passed_on_line_by_line_with_its_payment() {
        let mail = sample("Dear Ada,\n\nwas it you who paid?\nEve");
        assert_eq!(mail.subject, "About your payment: Pro from Northwind");
        assert!(
            mail.text.starts_with("Dear Ada,\n\nwas it you who paid?\n\nEve\n"),
            "{}",
            mail.text
        );
        for part in ["was it you who paid?", "txn_0192", "14 November 2023"] {
            assert!(mail.text.contains(part) && mail.html.contains(part), "{part}");
        }
    }

    #[test]
    fn what_was_written_stays_text() {
        let mail = sample("<script>alert(1)</script>\u{202E}\r\nBcc: x@example.com");
        assert!(!mail.html.contains("<script") && !mail.subject.contains("Bcc"));
    }
}
