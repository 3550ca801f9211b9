use askama::Template;
use entities::{Money, PaymentId, Timestamp};

use crate::{Mail, RenderError, date::date, field::Field, method::method, text};

/// Most characters of a seller's or a package's name.
const NAME: usize = 100;

/// A payment that succeeded, as its payer is told of it.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptMail<'a> {
    /// The payment.
    pub payment_id: PaymentId,
    /// What was bought, in words.
    pub package: &'a str,
    /// What was paid.
    pub paid: &'a Money,
    /// Credits granted, bonus included.
    pub credits: i64,
    /// Credits of them that are set aside until somebody has looked at the payment.
    pub held: i64,
    /// Credits the payer has now.
    pub balance: i64,
    /// How it was paid: brand (`visa`) and last four digits.
    pub method: Option<(&'a str, &'a str)>,
    /// The wallet that the card was in: `google_pay`.
    pub wallet: Option<&'a str>,
    /// When it succeeded.
    pub succeeded_at: Timestamp,
    /// The provider's page for it; left out unless it is an `https` address.
    pub receipt_url: Option<&'a str>,
    /// Who sold it.
    pub seller: &'a str,
}

/// The mail that acknowledges a payment.
pub fn receipt(data: &ReceiptMail<'_>) -> Result<Mail, RenderError> {
    let view = View::new(data)?;
    let subject = format!("Receipt: {} from {}, {}", view.package, view.seller, view.paid);
    let text = ReceiptText { view: &view }.render()?;
    let html = ReceiptHtml { view: &view }.render()?;
    Ok(Mail::new(&subject, &text, html))
}

/// What both templates say, in words.
struct View<'a> {
    seller: String,
    package: String,
    paid: String,
    credits: String,
    /// Whether credits are set aside until somebody has looked.
    held: bool,
    balance: i64,
    fields: Vec<Field>,
    link: Option<&'a str>,
}

impl<'a> View<'a> {
    fn new(data: &ReceiptMail<'a>) -> Result<Self, RenderError> {
        let package = text::line(data.package, NAME);
        let paid = data.paid.to_string();
        let mut fields = vec![Field::new("Package", &package), Field::new("Paid", &paid)];
        if let Some(known) = data.method {
            fields.push(Field::new("Method", &method(known, data.wallet)));
        }
        fields.push(Field::new("Date", &date(data.succeeded_at)?));
        fields.push(Field::new("Payment", &data.payment_id.to_string()));
        Ok(Self {
            seller: text::line(data.seller, NAME),
            package,
            paid,
            credits: if data.held > 0 {
                "This payment is being reviewed. Until a person has looked at it, usually within one \
                 business day, its credits are set aside. We write to you then; you need not do \
                 anything."
                    .to_owned()
            } else {
                format!("{} added to your account.", credits(data.credits))
            },
            held: data.held > 0,
            balance: data.balance,
            fields,
            link: data.receipt_url.and_then(text::link),
        })
    }
}

fn credits(count: i64) -> String {
    if count == 1 { "1 credit was".to_owned() } else { format!("{count} credits were") }
}

#[derive(Template)]
#[template(path = "receipt.txt")]
struct ReceiptText<'a> {
    view: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptHtml<'a> {
    view: &'a View<'a>,
}

#[cfg(test)]
mod tests;
