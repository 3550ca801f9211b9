use askama::Template;
use entities::{Money, PaymentId, RefundRequestId, Timestamp};

use crate::{Mail, RenderError, date::date, field::Field, method::method, text};

/// Most characters of a seller's or a package's name.
const NAME: usize = 100;

/// Most characters of a reason.
const REASON: usize = 2_000;

/// Stands in the words below for the days in which a second look may be asked for.
const DAYS: &str = "{days}";

/// How far a refund has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStep {
    /// It was asked for.
    Requested,
    /// It was approved.
    Approved,
    /// It was denied, and a second look may be asked for.
    Denied,
    /// A second look was asked for.
    Appealed,
    /// It was denied for good.
    Rejected,
    /// The money is on its way: the receipt.
    Paid,
    /// The money could not be sent, or came back.
    Failed,
}

/// A refund, as its customer is told of it.
#[derive(Clone, Copy, Debug)]
pub struct RefundMail<'a> {
    /// How far it has come.
    pub step: RefundStep,
    /// The payment.
    pub payment_id: PaymentId,
    /// The request, if there was one.
    pub request_id: Option<RefundRequestId>,
    /// What was bought, in words.
    pub package: &'a str,
    /// What was paid for it.
    pub paid: &'a Money,
    /// How much goes back, or was asked for.
    pub amount: &'a Money,
    /// How it was paid: brand (`visa`) and last four digits.
    pub method: Option<(&'a str, &'a str)>,
    /// The wallet that the card was in: `google_pay`.
    pub wallet: Option<&'a str>,
    /// Why it was denied.
    pub reason: Option<&'a str>,
    /// For how many days after a denial a second look may be asked for.
    pub appeal_days: u32,
    /// When.
    pub at: Timestamp,
    /// Who sold it.
    pub seller: &'a str,
}

/// The mail that tells a customer how far a refund has come.
pub fn refund(data: &RefundMail<'_>) -> Result<Mail, RenderError> {
    let view = View::new(data)?;
    let subject = format!("{}: {} from {}, {}", view.title, view.package, view.seller, view.amount);
    let text = RefundText { view: &view }.render()?;
    let html = RefundHtml { view: &view }.render()?;
    Ok(Mail::new(&subject, &text, html))
}

/// What both templates say, in words.
struct View {
    seller: String,
    package: String,
    amount: String,
    title: &'static str,
    /// What happened.
    news: String,
    /// Why, if the seller said so.
    reason: Option<String>,
    /// What follows.
    next: String,
    fields: Vec<Field>,
}

impl View {
    fn new(data: &RefundMail<'_>) -> Result<Self, RenderError> {
        let package = text::line(data.package, NAME);
        let seller = text::line(data.seller, NAME);
        let (title, news, next) = words(data.step, &seller, &package);
        let next = next.replace(DAYS, &data.appeal_days.to_string());
        let mut fields = vec![
            Field::new("Package", &package),
            Field::new("Paid", &data.paid.to_string()),
            Field::new(amount_label(data.step), &data.amount.to_string()),
        ];
        if let Some(known) = data.method {
            fields.push(Field::new("Method", &method(known, data.wallet)));
        }
        fields.push(Field::new("Date", &date(data.at)?));
        if let Some(request) = data.request_id {
            fields.push(Field::new("Request", &request.to_string()));
        }
        fields.push(Field::new("Payment", &data.payment_id.to_string()));
        let denied = matches!(data.step, RefundStep::Denied | RefundStep::Rejected);
        let reason = data.reason.filter(|_| denied).map(|reason| text::line(reason, REASON));
        Ok(Self {
            seller,
            package,
            amount: data.amount.to_string(),
            title,
            news,
            reason,
            next,
            fields,
        })
    }
}

const fn amount_label(step: RefundStep) -> &'static str {
    match step {
        RefundStep::Requested | RefundStep::Appealed => "Asked for",
        RefundStep::Denied | RefundStep::Rejected => "Not paid",
        RefundStep::Approved | RefundStep::Paid | RefundStep::Failed => "Refund",
    }
}

/// Subject, what happened, and what follows.
fn words(step: RefundStep, seller: &str, package: &str) -> (&'static str, String, &'static str) {
    match step {
        RefundStep::Requested => (
            "Refund requested",
            format!("{seller} has your request for a refund of {package}."),
            "A person looks at it, usually within two business days. Until then the unused credits \
             are set aside.",
        ),
        RefundStep::Approved => (
            "Refund approved",
            format!("{seller} has approved your refund of {package}."),
            "The money goes back to the method you paid with. You get a receipt as soon as it is \
             on its way.",
        ),
        RefundStep::Denied => (
            "Refund denied",
            format!("{seller} has looked at your request for a refund of {package} and denied it."),
            "The credits are yours to spend again. If you disagree, ask for a second look within \
             {days} days: somebody else takes it.",
        ),
        RefundStep::Appealed => (
            "Second look requested",
            format!("Somebody else at {seller} takes a second look at your refund of {package}."),
            "Until they have decided, the unused credits are set aside.",
        ),
        RefundStep::Rejected => (
            "Refund denied",
            format!("{seller} has taken a second look at your refund of {package} and denied it."),
            "The credits are yours to spend again. This decision is final.",
        ),
        RefundStep::Paid => (
            "Refund receipt",
            format!("{seller} has sent back your money for {package}."),
            "It goes to the method you paid with and arrives within 5 to 10 business days, \
             depending on your bank. The credits it was for are taken back.",
        ),
        RefundStep::Failed => (
            "Your refund needs you",
            format!(
                "{seller} could not send your money for {package} back to the method you paid with."
            ),
            "This happens when a card has expired or an account was closed. Answer this mail, or \
             write to us, and name another way to pay you. The credits are yours again until then.",
        ),
    }
}

#[derive(Template)]
#[template(path = "refund.txt")]
struct RefundText<'a> {
    view: &'a View,
}

#[derive(Template)]
#[template(path = "refund.html")]
struct RefundHtml<'a> {
    view: &'a View,
}

#[cfg(test)]
mod tests;
