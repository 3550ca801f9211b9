//! Files for payers: invoices and tables, for the API and for pages.

mod revenue;
mod year;

use std::sync::Arc;

use documents::Fonts;
use entities::{PaymentId, billing::Seller};
use payments::{Store, desk::revenue::Earned, history, invoices};
use poem::{Response, http::header};

use crate::Problem;

/// Makes files of a payer's own payments.
#[derive(Clone, Debug)]
pub struct Files {
    store: Store,
    seller: Arc<Seller>,
    fonts: Fonts,
}

impl Files {
    /// Files of the payments in `store`, with invoices of `seller`.
    pub fn new(store: &Store, seller: &Arc<Seller>, fonts: &Fonts) -> Self {
        Self { store: store.clone(), seller: Arc::clone(seller), fonts: fonts.clone() }
    }

    /// The invoice of payment `id`, if it is `user_ref`'s own and succeeded (`AC9.4.2`).
    pub async fn invoice(&self, user_ref: &str, id: PaymentId) -> Result<Response, Problem> {
        let owned = history::find(&self.store, user_ref, id).await?;
        owned.ok_or(Problem::NotFound)?;
        let invoice = invoices::find(&self.store, &self.seller, id).await?;
        let invoice = invoice.ok_or(Problem::NoReceipt)?;
        let name = format!("{}.pdf", invoice.number);
        let fonts = self.fonts.clone();
        // Drawing takes milliseconds of a processor that other requests wait for.
        let drawn = tokio::task::spawn_blocking(move || documents::invoice(&invoice, &fonts)).await;
        let drawn = drawn.map_err(|error| Problem::Unavailable(error.into()))?;
        let pdf = drawn.map_err(|error| Problem::Unavailable(error.into()))?;
        Ok(file("application/pdf", &name).body(pdf))
    }

    /// The payments that `user_ref` made in `year` (UTC), as a table (`AC9.4.5`).
    pub async fn year(&self, user_ref: &str, year: i32) -> Result<Response, Problem> {
        let rows = year::rows(&self.store, user_ref, year).await?;
        Ok(file("text/csv; charset=utf-8", &format!("payments-{year}.csv")).body(rows))
    }

    /// What was earned, as a table (`AC9.6.5`).
    pub fn revenue(&self, earned: &[Earned]) -> Result<Response, Problem> {
        let rows = revenue::rows(earned)?;
        Ok(file("text/csv; charset=utf-8", "revenue.csv").body(rows))
    }
}

/// `text` so that a spreadsheet does not take it for a formula.
fn safe(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

/// An answer that a browser keeps as a file.
fn file(kind: &'static str, name: &str) -> poem::ResponseBuilder {
    Response::builder()
        .content_type(kind)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
}
