//! The invoice of a payment as a file.

use documents::Attachment;
use entities::PaymentId;
use payments::invoices;

use crate::{Context, JobError};

/// The invoice of payment `id`, to go with a mail; `None` if it has not succeeded.
pub(crate) async fn attachment(
    context: &Context,
    id: PaymentId,
) -> Result<Option<Attachment>, JobError> {
    let Some(invoice) = invoices::find(&context.store, &context.seller, id).await? else {
        return Ok(None);
    };
    let name = format!("{}.pdf", invoice.number);
    let fonts = context.fonts.clone();
    // Drawing takes milliseconds of a processor that other tasks wait for.
    let drawn = tokio::task::spawn_blocking(move || documents::invoice(&invoice, &fonts));
    let drawn = drawn.await.map_err(|error| JobError::Retry(error.into()))?;
    let bytes = drawn.map_err(|error| JobError::Bury(error.into()))?;
    Ok(Some(Attachment { name, kind: "application/pdf", bytes }))
}
