use entities::{MethodId, payment_method};
use poem::{Response, http::StatusCode};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{Call, intent::is_method, success, view::Gone};
use crate::Problem;

/// A saved method.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SavedMethod {
    /// What to send as `paymentMethodId` to pay with it.
    payment_method_id: String,
    provider: String,
    kind: Option<String>,
    brand: Option<String>,
    last4: Option<String>,
    exp_month: Option<i64>,
    exp_year: Option<i64>,
    created_at: String,
}

/// The saved methods.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Methods {
    items: Vec<SavedMethod>,
}

/// Which method to save.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SaveMethod")]
pub(crate) struct Wish {
    /// The provider's token of it, `pm_…`; without, what lets the provider's form ask for one.
    #[serde(default)]
    payment_method_id: Option<String>,
}

/// A method that is saved, or what saves one.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SavedOrBegun")]
pub(crate) struct Saved {
    /// The method, if its token was sent.
    payment_method: Option<SavedMethod>,
    /// For the provider's form, if not: confirms the setup.
    client_secret: Option<String>,
    /// For the provider's form: shows what is saved already. It holds for minutes.
    customer_session_client_secret: Option<String>,
}

impl SavedMethod {
    fn new(method: payment_method::Model) -> Self {
        Self {
            payment_method_id: method.id.to_string(),
            provider: method.provider.as_str().to_owned(),
            kind: method.kind,
            brand: method.brand,
            last4: method.last4,
            exp_month: method.exp_month,
            exp_year: method.exp_year,
            created_at: method.created_at.to_string(),
        }
    }
}

/// `GET /payment-methods` (`002-PM4`).
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let methods = call.app.cashier.methods(call.user()?).await?;
    Ok(success(&Methods { items: methods.into_iter().map(SavedMethod::new).collect() }))
}

/// `POST /payment-methods`: saves one in the provider's vault (`AC9.1.6`).
pub(crate) async fn save(call: Call) -> Result<Response, Problem> {
    // A body is optional: without a token there is nothing to say.
    let wish = match call.body.as_slice() {
        [] => Wish { payment_method_id: None },
        _ => call.json()?,
    };
    let (cashier, user) = (&call.app.cashier, call.user()?);
    let saved = match wish.payment_method_id.as_deref() {
        Some(token) if is_method(token) => Saved {
            payment_method: Some(SavedMethod::new(cashier.keep_method(user, token).await?)),
            client_secret: None,
            customer_session_client_secret: None,
        },
        Some(_) => {
            let detail = "paymentMethodId is the id of a payment method, such as pm_card_visa";
            return Err(Problem::Malformed(detail.to_owned()));
        }
        None => {
            let begun = cashier.begin_setup(user).await?;
            let secret = |secret: &secrecy::SecretString| Some(secret.expose_secret().to_owned());
            Saved {
                payment_method: None,
                client_secret: secret(&begun.client_secret),
                customer_session_client_secret: secret(&begun.session),
            }
        }
    };
    let mut response = success(&saved);
    response.set_status(StatusCode::CREATED);
    Ok(response)
}

/// `DELETE /payment-methods/{id}`: takes it off.
pub(crate) async fn delete(call: Call) -> Result<Response, Problem> {
    let id: MethodId = call.id()?;
    call.app.cashier.forget_method(call.user()?, id).await?;
    Ok(success(&Gone { deleted: true }))
}
