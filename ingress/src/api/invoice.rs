use ::payments::{history, invoices};
use poem::Response;

use super::Call;
use crate::Problem;

/// `GET /payments/{id}/invoice.pdf` (`AC9.4.2`).
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let owned = history::find(&call.app.store, &call.user()?.user_ref, id).await?;
    owned.ok_or(Problem::NotFound)?;
    let invoice = invoices::find(&call.app.store, &call.app.options.seller, id).await?;
    let invoice = invoice.ok_or(Problem::NoReceipt)?;
    let name = format!("attachment; filename=\"{}.pdf\"", invoice.number);
    let fonts = call.app.options.fonts.clone();
    // Drawing takes milliseconds of a processor that other requests wait for.
    let drawn = tokio::task::spawn_blocking(move || documents::invoice(&invoice, &fonts)).await;
    let drawn = drawn.map_err(|error| Problem::Unavailable(error.into()))?;
    let pdf = drawn.map_err(|error| Problem::Unavailable(error.into()))?;
    Ok(Response::builder()
        .content_type("application/pdf")
        .header("cache-control", "no-store")
        .header("content-disposition", name)
        .header("x-content-type-options", "nosniff")
        .body(pdf))
}
