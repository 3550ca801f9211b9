use entities::Provider;
use gateways::{Funding, ReturnTo};
use poem::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, back, confirm::Confirmation, success};
use crate::{App, Problem, Target};

/// What the payer wants to buy, and where PayPal sends them afterwards.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CreateOrder")]
pub(crate) struct Wish {
    package_id: String,
    /// A page on an allowed origin; one of ours if left out.
    #[serde(default)]
    return_url: Option<String>,
    /// Likewise, for who gives up.
    #[serde(default)]
    cancel_url: Option<String>,
    /// Which of PayPal's buttons was pressed.
    #[serde(default)]
    funding_source: FundingSource,
}

/// Which of PayPal's buttons was pressed; all but Venmo lead to the same wallet.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum FundingSource {
    #[default]
    Paypal,
    Credit,
    Paylater,
    Venmo,
}

impl From<FundingSource> for Funding {
    fn from(source: FundingSource) -> Self {
        match source {
            FundingSource::Paypal | FundingSource::Credit | FundingSource::Paylater => Self::Wallet,
            FundingSource::Venmo => Self::Venmo,
        }
    }
}

/// An order that the payer can now approve.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Order")]
pub(crate) struct Begun {
    /// PayPal's id of it.
    order_id: String,
    /// Where the payer approves it.
    approval_url: String,
    transaction_id: String,
    /// In minor units.
    amount: i64,
    currency: String,
}

/// `POST /payments/paypal/create-order`: begins to buy a package with PayPal (`002-EP3`).
pub(crate) async fn create_order(call: Call) -> Result<Response, Problem> {
    let (wish, app): (Wish, &App) = (call.json()?, &call.app);
    let ours = app.options.own_origin();
    let chosen = |name, given: Option<String>, usual: &str| {
        back(app, name, &given.unwrap_or_else(|| format!("{ours}{usual}")))
    };
    let return_to = ReturnTo {
        approved: chosen("returnUrl", wish.return_url, "/checkout/paypal/return")?,
        canceled: chosen("cancelUrl", wish.cancel_url, "/checkout/paypal/cancel")?,
    };
    let (user, package, provider) = (call.user()?, &wish.package_id, Provider::Paypal);
    let funding = wish.funding_source.into();
    let from = (user, &call.visit);
    let begun = app.cashier.begin_approval(from, package, provider, return_to, funding).await?;
    Ok(success(&Begun {
        order_id: begun.reference,
        approval_url: begun.url,
        transaction_id: begun.payment_id.to_string(),
        amount: begun.price.minor,
        currency: begun.price.currency.code().to_owned(),
    }))
}

/// `POST /payments/paypal/{id}/capture`: collects what the payer has approved.
///
/// PayPal's webhook may do the same at the same time: one of the two collects, and both see it.
pub(crate) async fn capture(call: Call) -> Result<Response, Problem> {
    let target = Target::Reference(Provider::Paypal, call.id()?);
    let confirmed = call.app.cashier.confirm(call.user()?, &target).await?;
    Ok(success(&Confirmation::from(confirmed)))
}
