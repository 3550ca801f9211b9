use entities::Provider;
use poem::{Body, Response, handler, web::Data};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::success;
use crate::{App, Problem, auth::Caller, body};

/// What the requirement document sends (`002-EP1`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wish {
    package_id: String,
    #[serde(default)]
    payment_method_id: Option<String>,
}

/// What it expects back; no more, so that nothing leaks that it does not ask for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Intent<'a> {
    client_secret: &'a str,
    amount: i64,
    currency: &'a str,
}

/// `POST /api/v1/payments/stripe/intent`: begins to buy a package (`002-EP1`).
#[handler]
pub(crate) async fn create(
    Caller(user): Caller,
    Data(app): Data<&App>,
    body: Body,
) -> Result<Response, Problem> {
    let wish: Wish = body::json(body, app.options.body_timeout).await?;
    let method = wish.payment_method_id.as_deref();
    if method.is_some_and(|method| !is_method(method)) {
        let detail = "paymentMethodId is the id of a payment method, such as pm_card_visa";
        return Err(Problem::Malformed(detail.to_owned()));
    }
    let begun = app.cashier.begin(&user, &wish.package_id, method, Provider::Stripe).await?;
    Ok(success(&Intent {
        client_secret: begun.client_secret.expose_secret(),
        amount: begun.price.minor,
        currency: begun.price.currency.code(),
    }))
}

/// A token of the provider's; never a card number (`000-SR2`).
fn is_method(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with("pm_") && text.len() <= 255 && text.chars().all(plain)
}
