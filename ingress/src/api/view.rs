//! What several operations answer with.

use ::payments::{core::declines, history::Entry};
use entities::payment::{Model, Status};
use schemars::JsonSchema;
use serde::Serialize;

/// A page of a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

/// A payment.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payment {
    pub(crate) transaction_id: String,
    /// `pending`, `requires_action`, `processing`, `failed`, `canceled`, `succeeded`, …
    pub(crate) status: String,
    pub(crate) provider: String,
    pub(crate) package_id: String,
    pub(crate) package_name: String,
    /// In minor units.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// Credits it grants, bonus included.
    pub(crate) credits: i64,
    pub(crate) method: Option<Method>,
    /// Why it failed, if it did.
    pub(crate) failure: Option<Failure>,
    /// The provider's page for it.
    pub(crate) receipt_url: Option<String>,
    pub(crate) created_at: String,
    pub(crate) succeeded_at: Option<String>,
}

/// A way to pay, as far as it may be shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Method {
    pub(crate) kind: String,
    pub(crate) brand: Option<String>,
    pub(crate) last4: Option<String>,
    /// The wallet that the card was in: `apple_pay`, `google_pay`, …
    pub(crate) wallet: Option<String>,
}

/// Why a payment failed, and what its payer can do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) decline_code: Option<String>,
    /// Why, in a sentence for the payer.
    pub(crate) message: String,
    /// `try_again`, `use_other_method`, `check_card`, `update_card`, `choose_smaller_package`,
    /// `authenticate`.
    pub(crate) next_step: String,
    /// The same in a sentence.
    pub(crate) next_step_message: String,
}

/// Something that is no longer there.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Gone {
    pub(crate) deleted: bool,
}

impl Payment {
    pub(crate) fn new(entry: &Entry) -> Self {
        let payment = &entry.payment;
        Self {
            transaction_id: payment.id.to_string(),
            status: payment.status.as_str().to_owned(),
            provider: payment.provider.as_str().to_owned(),
            package_id: payment.package_id.clone(),
            package_name: entry.package.clone(),
            amount: payment.amount,
            currency: payment.currency.code().to_owned(),
            credits: payment.total_credits(),
            method: Method::of(payment),
            failure: Failure::of(payment),
            receipt_url: payment.receipt_url.clone(),
            created_at: payment.created_at.to_string(),
            succeeded_at: payment.succeeded_at.map(|at| at.to_string()),
        }
    }
}

impl Method {
    pub(crate) fn of(payment: &Model) -> Option<Self> {
        let kind = payment.method_kind.clone()?;
        Some(Self {
            kind,
            brand: payment.method_brand.clone(),
            last4: payment.method_last4.clone(),
            wallet: payment.method_wallet.clone(),
        })
    }
}

impl Failure {
    fn of(payment: &Model) -> Option<Self> {
        let code = payment.failure_code.as_ref().filter(|_| payment.status == Status::Failed)?;
        let decline_code = payment.decline_code.clone();
        let advice = declines::advice(code, decline_code.as_deref());
        Some(Self {
            // The bank's reason is not for the payer to see where it would help a thief.
            code: code.clone(),
            decline_code,
            message: advice.sentence.to_owned(),
            next_step: advice.next.as_str().to_owned(),
            next_step_message: advice.next.sentence().to_owned(),
        })
    }
}
