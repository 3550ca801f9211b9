use askama::Template;
use entities::Timestamp;

use crate::{Mail, RenderError, date::date, field::Field, text};

/// Most characters of a kind or a subject; both are short words of ours.
const NAME: usize = 100;

/// Most lines and characters of a detail that a mail repeats.
const DETAIL_LINES: usize = 100;
const DETAIL_LINE: usize = 1_000;

/// Something that a person of the operator's has to look at.
#[derive(Clone, Copy, Debug)]
pub struct AlertMail<'a> {
    /// What kind of thing: `amount-mismatch`, `dead-job`, …
    pub kind: &'a str,
    /// Which one: an id of ours.
    pub subject: &'a str,
    /// What was seen.
    pub detail: &'a str,
    /// When.
    pub at: Timestamp,
}

/// The mail that asks an operator to look at something.
pub fn alert(data: &AlertMail<'_>) -> Result<Mail, RenderError> {
    let view = View::new(data)?;
    let subject = format!("[quittance] {}: {}", view.kind, view.subject);
    let text = AlertText { view: &view }.render()?;
    let html = AlertHtml { view: &view }.render()?;
    Ok(Mail::new(&subject, &text, html))
}

struct View {
    kind: String,
    subject: String,
    detail: Vec<String>,
    fields: [Field; 3],
}

impl View {
    fn new(data: &AlertMail<'_>) -> Result<Self, RenderError> {
        let (kind, subject) = (text::line(data.kind, NAME), text::line(data.subject, NAME));
        let fields = [
            Field::new("Kind", &kind),
            Field::new("About", &subject),
            Field::new("Seen", &date(data.at)?),
        ];
        let lines = data.detail.lines().take(DETAIL_LINES);
        let detail = lines.map(|line| text::line(line, DETAIL_LINE)).collect();
        Ok(Self { kind, subject, detail, fields })
    }
}

#[derive(Template)]
#[template(path = "alert.txt")]
struct AlertText<'a> {
    view: &'a View,
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertHtml<'a> {
    view: &'a View,
}

#[cfg(test)]
mod tests;
