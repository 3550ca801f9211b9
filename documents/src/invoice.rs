//! The invoice as a PDF of one page of A4 (PDF/A-2b): the same data makes the same bytes.

mod about;
mod canvas;
mod fonts;
mod page;
mod subset;

use std::io::Write;

pub use fonts::{FontError, Fonts};

use entities::billing::{Buyer, Invoice, Seller};
use flate2::{Compression, write::ZlibEncoder};

use self::{about::About, canvas::Canvas, page::Sheet};
use crate::{date::day, method::method, text};

/// Most characters of a name or of a line of an address.
const LINE: usize = 100;

/// Most lines of an address that are printed.
const LINES: usize = 6;

/// Why an invoice could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InvoiceError {
    /// A time cannot be written.
    #[error("the time cannot be written")]
    Time(#[from] time::error::Format),
    /// The document breaks a rule of the format.
    #[error("the PDF cannot be written: {0}")]
    Pdf(String),
}

impl InvoiceError {
    fn pdf(error: impl std::fmt::Display) -> Self {
        Self::Pdf(error.to_string())
    }
}

/// The invoice as the bytes of a PDF.
pub fn invoice(data: &Invoice, fonts: &Fonts) -> Result<Vec<u8>, InvoiceError> {
    let mut sheet = Sheet::new(Canvas::new(fonts));
    draw(data, &mut sheet)?;
    sheet.finish().finish(&About {
        title: format!("Invoice {}", text::line(&data.number, LINE)),
        id: data.payment_id.to_string(),
        at: data.issued_at().datetime(),
    })
}

/// `data` in fewer bytes.
fn packed(data: &[u8]) -> Result<Vec<u8>, InvoiceError> {
    let mut packer = ZlibEncoder::new(Vec::with_capacity(data.len() / 2), Compression::default());
    packer.write_all(data).and_then(|()| packer.finish()).map_err(InvoiceError::pdf)
}

fn draw(data: &Invoice, sheet: &mut Sheet<'_>) -> Result<(), InvoiceError> {
    let issued = day(data.issued_at())?;
    sheet.title("Invoice");
    sheet.heading(&[("Number", text::line(&data.number, LINE)), ("Date", issued.clone())]);
    sheet.blocks(("From", &seller(&data.seller)), ("Billed to", &buyer(data)));
    let credits = data.credits.to_string();
    let item = text::line(&data.item, LINE);
    sheet.table(["Description", "Credits", "Amount"], [&item, &credits, &data.total.to_string()]);
    let mut sums = Vec::new();
    if data.seller.tax_basis_points > 0 {
        let name = text::line(&data.seller.tax_name, 20);
        let rate = percent(data.seller.tax_basis_points);
        sums.push(("Net".to_owned(), data.net.to_string()));
        sums.push((format!("{name} {rate} included"), data.tax.to_string()));
    }
    sheet.sums(&sums, ("Total", &data.total.to_string()));
    let how = data.method.as_ref().map_or(String::new(), |(brand, last4)| {
        format!(" by {}", method((brand, last4), data.wallet.as_deref()))
    });
    sheet.note(&[
        format!("Paid on {issued}{how}. Nothing is owed."),
        format!("Payment {}", data.payment_id),
    ]);
    Ok(())
}

fn seller(seller: &Seller) -> Vec<String> {
    block(Some(&seller.name), &seller.address, None, seller.tax_id.as_deref(), None)
}

fn buyer(data: &Invoice) -> Vec<String> {
    let Buyer { name, address, country, tax_id } = &data.buyer;
    let email = data.buyer_email.as_deref();
    block(name.as_deref(), address, country.as_deref(), tax_id.as_deref(), email)
}

fn block(
    name: Option<&str>,
    address: &[String],
    country: Option<&str>,
    tax_id: Option<&str>,
    email: Option<&str>,
) -> Vec<String> {
    let mut lines: Vec<String> = name.into_iter().map(|name| text::line(name, LINE)).collect();
    lines.extend(address.iter().take(LINES).map(|line| text::line(line, LINE)));
    lines.extend(country.map(|country| text::line(country, 2)));
    lines.extend(tax_id.map(|id| format!("Tax ID {}", text::line(id, LINE))));
    lines.extend(email.map(|email| text::line(email, LINE)));
    lines.retain(|line| !line.is_empty());
    lines
}

/// A rate as people write it: `19 %`, `5.5 %`.
fn percent(basis_points: u32) -> String {
    let text = format!("{}.{:02}", basis_points / 100, basis_points % 100);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
