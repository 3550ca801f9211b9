//! The invoices of payments as files.

use std::collections::HashMap;

use documents::{Attachment, InvoiceError};
use entities::PaymentId;
use payments::invoices;

use crate::{Context, JobError};

/// The invoices of the payments `ids`, to go with mails; those that have not succeeded have none.
///
/// They are read together and drawn on one thread beside the others: drawing takes milliseconds of
/// a processor that other tasks wait for.
pub(crate) async fn attachments(
    context: &Context,
    ids: &[PaymentId],
) -> Result<HashMap<PaymentId, Result<Attachment, InvoiceError>>, JobError> {
    let invoices = invoices::find_all(&context.store, &context.seller, ids).await?;
    let fonts = context.fonts.clone();
    let draw = move || {
        let drawn = invoices.into_iter().map(|(id, invoice)| {
            let name = format!("{}.pdf", invoice.number);
            let file = |bytes| Attachment { name, kind: "application/pdf", bytes };
            (id, documents::invoice(&invoice, &fonts).map(file))
        });
        drawn.collect()
    };
    let drawn = tokio::task::spawn_blocking(draw).await;
    drawn.map_err(|error| JobError::Retry(error.into()))
}
