//! Paying with PayPal: its buttons on the checkout page, and its own pages for who runs no script.

use std::sync::Arc;

use entities::{PaymentId, Provider};
use ingress::{Approval, CashierError, Funding, Problem, ReturnTo, Target};
use payments::checkout;
use poem::{
    IntoResponse, Response,
    error::ResponseError,
    handler,
    http::header,
    web::{Data, Json, Path, Query},
};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::{
    PaypalJs, Portal,
    assets::{PAYPAL_SCRIPT, Script},
    checkout::Offer,
    message::Failure,
    sign_in::{Nothing, go},
    visitor::{Act, Visitor},
};

/// PayPal's script, for test accounts too: the client id says which they are.
const PAYPAL_SDK: &str = "https://www.paypal.com/sdk/js";

/// The sandbox's stand-in for it.
const SANDBOX_SDK: &str = "/sandbox/paypal/sdk/js";

/// What the checkout page needs to know of PayPal.
pub(crate) struct Buttons {
    pub(crate) script: String,
    pub(crate) ours: &'static Script,
}

impl Buttons {
    /// The buttons that sell `offer`.
    pub(crate) fn new(paypal: &PaypalJs, sandbox: bool, offer: &Offer) -> Self {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client-id", &paypal.client_id)
            .append_pair("currency", &offer.currency.to_ascii_uppercase())
            .append_pair("intent", "capture")
            .append_pair("commit", "true")
            .append_pair("components", "buttons")
            // Cards have a form of their own, which stores nothing at PayPal.
            .append_pair("disable-funding", "card")
            .append_pair("enable-funding", "venmo,paylater,credit")
            .finish();
        let base = if sandbox { SANDBOX_SDK } else { PAYPAL_SDK };
        Self { script: format!("{base}?{query}"), ours: &PAYPAL_SCRIPT }
    }
}

/// Which button was pressed.
#[derive(Deserialize)]
pub(crate) struct Pressed {
    #[serde(default)]
    source: String,
}

/// An order that PayPal's script can go on with.
#[derive(Serialize)]
struct Begun<'a> {
    payment: PaymentId,
    order: &'a str,
}

/// What PayPal adds to the address that it sends payers back to.
#[derive(Deserialize)]
pub(crate) struct Back {
    token: String,
}

/// `POST /checkout/{package}/paypal/order`: an order for PayPal's buttons.
#[handler]
pub(crate) async fn order(
    Act(visitor, pressed): Act<Pressed>,
    Data(portal): Data<&Arc<Portal>>,
    Path(package): Path<String>,
) -> Response {
    let funding = if pressed.source == "venmo" { Funding::Venmo } else { Funding::Wallet };
    match begin(portal, &visitor, &package, funding).await {
        Ok(begun) => Json(Begun { payment: begun.payment_id, order: &begun.reference })
            .with_header(header::CACHE_CONTROL, "no-store")
            .into_response(),
        Err(error) => Problem::from(error).as_response(),
    }
}

/// `POST /checkout/{package}/paypal`: begins a payment, and sends the payer to PayPal's pages.
#[handler]
pub(crate) async fn leave(
    Act(visitor, Nothing {}): Act<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(package): Path<String>,
) -> Result<Response, Failure> {
    let begun = begin(portal, &visitor, &package, Funding::Wallet).await?;
    Ok(go(&begun.url))
}

/// `GET /checkout/paypal/return`: the payer has approved the order, so it is collected.
///
/// A link to this address that somebody else made does no harm: it collects what this visitor has
/// approved at PayPal, as PayPal's webhook does by itself.
#[handler]
pub(crate) async fn came_back(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Query(back): Query<Back>,
) -> Result<Response, Failure> {
    let payment = own(portal, &visitor, &back).await?;
    match portal.cashier.confirm(visitor.user(), &Target::Payment(payment.id)).await {
        Err(CashierError::Payments(error)) => Err(error.into()),
        // The payment's page tells what came of it, and follows what is not known yet.
        Ok(_) | Err(_) => Ok(go(&format!("/payments/{}", payment.id))),
    }
}

/// `GET /checkout/paypal/cancel`: the payer has given up.
///
/// The payment stays as it is: while its order is open at PayPal, it may still be approved there.
#[handler]
pub(crate) async fn gave_up(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Query(back): Query<Back>,
) -> Result<Response, Failure> {
    let payment = own(portal, &visitor, &back).await?;
    Ok(go(&format!("/checkout/{}?canceled=paypal", payment.package_id)))
}

async fn begin(
    portal: &Portal,
    visitor: &Visitor,
    package: &str,
    funding: Funding,
) -> Result<Approval, CashierError> {
    let return_to = ReturnTo {
        approved: portal.page("/checkout/paypal/return"),
        canceled: portal.page("/checkout/paypal/cancel"),
    };
    let provider = Provider::Paypal;
    portal.cashier.begin_approval(visitor.from(), package, provider, return_to, funding).await
}

/// The visitor's own payment whose order PayPal names.
async fn own(
    portal: &Portal,
    visitor: &Visitor,
    back: &Back,
) -> Result<entities::payment::Model, Failure> {
    let user = &visitor.user().user_ref;
    let found = checkout::find_own(&portal.store, user, Provider::Paypal, &back.token).await?;
    found.ok_or(Failure::NotFound)
}
