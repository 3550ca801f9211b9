//! Paying on a page of Stripe's.

use entities::Provider;
use gateways::ReturnTo;
use poem::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Call, back, success};
use crate::Problem;

/// What the payer wants to buy, and where Stripe sends them afterwards.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CreateCheckoutSession")]
pub(crate) struct Wish {
    package_id: String,
    /// A page on an allowed origin; the payment's page here if left out.
    #[serde(default)]
    success_url: Option<String>,
    /// Likewise, for who gives up; the package's page here if left out.
    #[serde(default)]
    cancel_url: Option<String>,
    /// Whether to save what they pay with, once it has paid.
    #[serde(default)]
    save: bool,
}

/// A page that the payer can be sent to.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CheckoutSession")]
pub(crate) struct Begun {
    /// Stripe's id of it.
    session_id: String,
    /// Where the payer pays.
    checkout_url: String,
    transaction_id: String,
    /// In minor units.
    amount: i64,
    currency: String,
}

/// `POST /payments/stripe/checkout-session`: begins to buy a package on a page of Stripe's.
pub(crate) async fn create(call: Call) -> Result<Response, Problem> {
    let (wish, app): (Wish, _) = (call.json()?, &call.app);
    let chosen = |name, url: Option<&str>| url.map(|url| back(app, name, url)).transpose();
    let approved = chosen("successUrl", wish.success_url.as_deref())?;
    let canceled = chosen("cancelUrl", wish.cancel_url.as_deref())?;
    let home = back(app, "", app.options.own_origin())?;
    let ours = |path: String| -> Url {
        let mut url = home.clone();
        url.set_path(&path);
        url
    };
    let (package, provider) = (wish.package_id.as_str(), Provider::Stripe);
    let return_to = |payment| ReturnTo {
        approved: approved.unwrap_or_else(|| ours(format!("/payments/{payment}"))),
        canceled: canceled.unwrap_or_else(|| ours(format!("/checkout/{package}"))),
    };
    let from = (call.user()?, &call.visit);
    let begun = app.cashier.begin_hosted(from, package, wish.save, provider, return_to).await?;
    Ok(success(&Begun {
        session_id: begun.reference,
        checkout_url: begun.url,
        transaction_id: begun.payment_id.to_string(),
        amount: begun.price.minor,
        currency: begun.price.currency.code().to_owned(),
    }))
}
