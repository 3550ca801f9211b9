use ::payments::{history, receipts};
use entities::PaymentId;
use poem::{Response, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, success, view};
use crate::Problem;

/// What a payer gets in writing.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Receipt")]
pub(crate) struct Written {
    transaction_id: String,
    package_name: String,
    /// In minor units.
    amount: i64,
    currency: String,
    /// The amount as people write it.
    amount_text: String,
    credits_added: i64,
    method: Option<view::Method>,
    succeeded_at: String,
    /// The provider's page for it.
    receipt_url: Option<String>,
    /// Where the invoice is.
    invoice_url: String,
}

/// That a mail is on its way.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resent {
    transaction_id: String,
    /// Whether there is an address to write to.
    queued: bool,
}

/// `GET /payments/{id}/receipt` (`001-UR3`).
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let entry = history::find(&call.app.store, &call.user()?.user_ref, id).await?;
    let payment = entry.ok_or(Problem::NotFound)?.payment;
    let receipt = receipts::find(&call.app.store, id).await?.ok_or(Problem::NoReceipt)?;
    Ok(success(&Written {
        transaction_id: id.to_string(),
        package_name: receipt.package,
        amount: receipt.paid.minor,
        currency: receipt.paid.currency.code().to_owned(),
        amount_text: receipt.paid.to_string(),
        credits_added: receipt.credits,
        method: view::Method::of(&payment),
        succeeded_at: receipt.succeeded_at.to_string(),
        receipt_url: receipt.receipt_url,
        invoice_url: format!("{}/payments/{id}/invoice.pdf", super::BASE),
    }))
}

/// `POST /payments/{id}/receipt/resend` (`AC9.4.6`).
pub(crate) async fn resend(call: Call) -> Result<Response, Problem> {
    let id: PaymentId = call.id()?;
    let queued = call.app.cashier.resend_receipt(call.user()?, id).await?;
    let resent = Resent { transaction_id: id.to_string(), queued };
    let mut response = success(&resent);
    response.set_status(StatusCode::ACCEPTED);
    Ok(response)
}
