//! What we ask of Stripe, in the words of its own API description.

use std::collections::HashMap;

use entities::Timestamp;
use secrecy::ExposeSecret;
use stripe_client_core::{RequestBuilder, StripeRequest};
use stripe_core::{
    event::{ListEvent, RetrieveEvent},
    payment_intent::{
        ConfirmPaymentIntent, CreatePaymentIntent, CreatePaymentIntentAutomaticPaymentMethods,
        CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects as AllowRedirects,
        RetrievePaymentIntent,
    },
};
use stripe_shared::PaymentIntentSetupFutureUsage;
use stripe_types::{Currency, RangeBoundsTs, RangeQueryTs};

use super::amount::to_stripe;
use crate::{GatewayError, PaymentOrder};

/// The most that Stripe puts on a page.
const PAGE: i64 = 100;

/// Stripe answers with the charge in full instead of its id: the method and the receipt are there.
const EXPAND: &str = "latest_charge";

pub(super) fn create_payment(order: &PaymentOrder) -> Result<RequestBuilder, GatewayError> {
    let amount = to_stripe(&order.price).ok_or_else(|| {
        GatewayError::refused(400, "amount_invalid", "the amount has no form at Stripe")
    })?;
    let Ok(currency) = order.price.currency.code().parse::<Currency>();
    let mut request = CreatePaymentIntent::new(amount, currency)
        .automatic_payment_methods(without_redirects())
        .description(order.description.as_str())
        .metadata(HashMap::from([("payment_id".to_owned(), order.payment_id.to_string())]))
        .expand(vec![EXPAND.to_owned()]);
    if let Some(method) = &order.payment_method {
        request = request.payment_method(method.as_str());
    }
    if let Some(customer) = &order.customer {
        request = request.customer(customer.as_str());
        if order.keep_method {
            request = request.setup_future_usage(PaymentIntentSetupFutureUsage::OffSession);
        }
    }
    if let Some(email) = &order.receipt_email {
        request = request.receipt_email(email.expose_secret());
    }
    Ok(request.build())
}

/// Methods that redirect cannot be confirmed by a server that names no page to return to.
fn without_redirects() -> CreatePaymentIntentAutomaticPaymentMethods {
    let mut methods = CreatePaymentIntentAutomaticPaymentMethods::new(true);
    methods.allow_redirects = Some(AllowRedirects::Never);
    methods
}

pub(super) fn confirm_payment(reference: &str) -> Result<RequestBuilder, GatewayError> {
    check_reference(reference)?;
    Ok(ConfirmPaymentIntent::new(reference).expand(vec![EXPAND.to_owned()]).build())
}

pub(super) fn retrieve_payment(reference: &str) -> Result<RequestBuilder, GatewayError> {
    check_reference(reference)?;
    Ok(RetrievePaymentIntent::new(reference).expand(vec![EXPAND.to_owned()]).build())
}

pub(super) fn retrieve_event(reference: &str) -> Result<RequestBuilder, GatewayError> {
    check_reference(reference)?;
    Ok(RetrieveEvent::new(reference).build())
}

pub(super) fn list_events(
    since: Timestamp,
    kinds: &[String],
    after: Option<&str>,
) -> RequestBuilder {
    let since = RangeBoundsTs { gte: Some(since.seconds()), ..RangeBoundsTs::default() };
    let mut request =
        ListEvent::new().created(RangeQueryTs::Bounds(since)).types(kinds).limit(PAGE);
    if let Some(after) = after {
        request = request.starting_after(after);
    }
    request.build()
}

/// A reference becomes part of a path, so nothing may be in it that leads elsewhere.
pub(super) fn check_reference(reference: &str) -> Result<(), GatewayError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if (1..=255).contains(&reference.len()) && reference.bytes().all(legal) {
        Ok(())
    } else {
        Err(GatewayError::refused(404, "resource_missing", "nothing has such an id"))
    }
}
