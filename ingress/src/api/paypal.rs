use entities::{PaymentId, Provider};
use gateways::ReturnTo;
use poem::{
    Body, Response, handler,
    web::{Data, Path},
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{confirm::Confirmation, success};
use crate::{App, Problem, Target, auth::Caller, body};

/// Longest address to come back to.
const MAX_URL: usize = 2_000;

/// What the payer wants to buy, and where PayPal sends them afterwards.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wish {
    package_id: String,
    #[serde(default)]
    return_url: Option<String>,
    #[serde(default)]
    cancel_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun<'a> {
    order_id: &'a str,
    approval_url: &'a str,
    transaction_id: PaymentId,
    amount: i64,
    currency: &'a str,
}

/// `POST /api/v1/payments/paypal/create-order`: begins to buy a package with PayPal (`002-EP3`).
#[handler]
pub(crate) async fn create_order(
    Caller(user): Caller,
    Data(app): Data<&App>,
    body: Body,
) -> Result<Response, Problem> {
    let wish: Wish = body::json(body, app.options.body_timeout).await?;
    let return_to = ReturnTo {
        approved: back(app, "returnUrl", wish.return_url.as_deref(), "/checkout/paypal/return")?,
        canceled: back(app, "cancelUrl", wish.cancel_url.as_deref(), "/checkout/paypal/cancel")?,
    };
    let begun = app.cashier.begin_approval(&user, &wish.package_id, Provider::Paypal, return_to);
    let begun = begun.await?;
    Ok(success(&Begun {
        order_id: &begun.reference,
        approval_url: &begun.url,
        transaction_id: begun.payment_id,
        amount: begun.price.minor,
        currency: begun.price.currency.code(),
    }))
}

/// `POST /api/v1/payments/paypal/{order}/capture`: collects what the payer has approved.
///
/// PayPal's webhook may do the same at the same time: one of the two collects, and both see it.
#[handler]
pub(crate) async fn capture(
    Caller(user): Caller,
    Data(app): Data<&App>,
    Path(order): Path<String>,
) -> Result<Response, Problem> {
    let target = Target::Reference(Provider::Paypal, order);
    let confirmed = app.cashier.confirm(&user, &target).await?;
    Ok(success(&Confirmation::from(confirmed)))
}

/// The page to come back to: `given` if it is on an origin that may call us, else one of ours. A
/// page of anybody else's would let a link that looks like ours lead payers astray.
fn back(app: &App, name: &str, given: Option<&str>, usual: &str) -> Result<Url, Problem> {
    let ours = app.options.own_origin();
    let text = given.map_or_else(|| format!("{ours}{usual}"), str::to_owned);
    let url = Url::parse(&text).ok().filter(|_| text.len() <= MAX_URL);
    let allowed = url.filter(|url| {
        let origin = url.origin().ascii_serialization();
        url.username().is_empty()
            && url.password().is_none()
            && app.options.origins.contains(&origin)
    });
    allowed.ok_or_else(|| {
        let origins = app.options.origins.join(", ");
        Problem::Malformed(format!("{name} has to be on one of: {origins}"))
    })
}
