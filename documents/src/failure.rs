use askama::Template;
use entities::{Money, PaymentId, Timestamp};

use crate::{Mail, RenderError, date::date, field::Field, text};

/// Most characters of a seller's or a package's name.
const NAME: usize = 100;

/// A payment that failed when its payer was no longer there to see it.
#[derive(Clone, Copy, Debug)]
pub struct FailureMail<'a> {
    /// The payment.
    pub payment_id: PaymentId,
    /// What was to be bought, in words.
    pub package: &'a str,
    /// What was asked for.
    pub price: &'a Money,
    /// Why it failed, in a sentence for the payer.
    pub reason: &'a str,
    /// What the payer can do, in a sentence.
    pub next_step: &'a str,
    /// When it failed.
    pub failed_at: Timestamp,
    /// Where it can be tried again; left out unless it is an `https` address.
    pub retry_url: Option<&'a str>,
    /// Who sells.
    pub seller: &'a str,
}

/// The mail that says that a payment failed.
pub fn failure(data: &FailureMail<'_>) -> Result<Mail, RenderError> {
    let view = View::new(data)?;
    let subject = format!("Your payment to {} failed: {}", view.seller, view.package);
    let text = FailureText { view: &view }.render()?;
    let html = FailureHtml { view: &view }.render()?;
    Ok(Mail::new(&subject, &text, html))
}

/// What both templates say, in words.
struct View<'a> {
    seller: String,
    package: String,
    price: String,
    reason: String,
    next_step: String,
    fields: Vec<Field>,
    link: Option<&'a str>,
}

impl<'a> View<'a> {
    fn new(data: &FailureMail<'a>) -> Result<Self, RenderError> {
        let (package, price) = (text::line(data.package, NAME), data.price.to_string());
        let fields = vec![
            Field::new("Package", &package),
            Field::new("Amount", &price),
            Field::new("Date", &date(data.failed_at)?),
            Field::new("Payment", &data.payment_id.to_string()),
        ];
        Ok(Self {
            seller: text::line(data.seller, NAME),
            package,
            price,
            reason: text::line(data.reason, 200),
            next_step: text::line(data.next_step, 200),
            fields,
            link: data.retry_url.and_then(text::link),
        })
    }
}

#[derive(Template)]
#[template(path = "failure.txt")]
struct FailureText<'a> {
    view: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailureHtml<'a> {
    view: &'a View<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    // 002-WF2, 001-UR2
    #[test]
    fn a_failure_says_why_and_what_to_do() {
        let price = Money::new(16_000, "usd".parse().unwrap());
        let mail = failure(&FailureMail {
            payment_id: "txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f".parse().unwrap(),
            package: "Pro",
            price: &price,
            reason: "The card or account has insufficient funds.",
            next_step: "Choose a smaller package, or pay with another card.",
            failed_at: Timestamp::from_seconds(1_700_000_000),
            retry_url: Some("https://shop.example/"),
            seller: "North\r\nBcc: eve@example.com",
        })
        .unwrap();

        assert_eq!(mail.subject, "Your payment to North Bcc: eve@example.com failed: Pro");
        assert_eq!(
            mail.text,
            "\
Your payment of 160.00 USD to North Bcc: eve@example.com failed. Nothing was
charged, and no credits were added.

The card or account has insufficient funds. Choose a smaller package, or pay
with another card.

Package     Pro
Amount      160.00 USD
Date        14 November 2023, 22:13 UTC
Payment     txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f

Try again:
https://shop.example/
"
        );
        for part in ["160.00 USD", "insufficient funds", "smaller package", "https://shop.example/"]
        {
            assert!(mail.html.contains(part), "{part}");
        }
    }
}
