use entities::Provider;
use poem::Response;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{Call, success};
use crate::Problem;

/// What the requirement document sends (`002-EP1`), and whether to save the method.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CreateIntent")]
pub(crate) struct Wish {
    package_id: String,
    /// The provider's token, `pm_…`, or the id of a saved method, `meth_…`.
    #[serde(default)]
    payment_method_id: Option<String>,
    /// Whether to save the method once it has paid.
    #[serde(default)]
    save_payment_method: bool,
}

/// What it expects back; no more, so that nothing leaks that it does not ask for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Intent {
    client_secret: String,
    /// In minor units.
    amount: i64,
    currency: String,
}

/// `POST /payments/stripe/intent`: begins to buy a package (`002-EP1`).
pub(crate) async fn create(call: Call) -> Result<Response, Problem> {
    let wish: Wish = call.json()?;
    let method = wish.payment_method_id.as_deref();
    if method.is_some_and(|method| !is_method(method) && !method.starts_with("meth_")) {
        let detail = "paymentMethodId is the id of a payment method, such as pm_card_visa";
        return Err(Problem::Malformed(detail.to_owned()));
    }
    let (user, keep) = (call.user()?, wish.save_payment_method);
    let cashier = &call.app.cashier;
    let from = (user, &call.visit);
    let begun = cashier.begin_with(from, &wish.package_id, method, keep, Provider::Stripe).await?;
    Ok(success(&Intent {
        client_secret: begun.client_secret.expose_secret().to_owned(),
        amount: begun.price.minor,
        currency: begun.price.currency.code().to_owned(),
    }))
}

/// A token of the provider's; never a card number (`000-SR2`).
pub(super) fn is_method(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with("pm_") && text.len() <= 255 && text.chars().all(plain)
}
