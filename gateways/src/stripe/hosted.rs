//! Stripe Checkout: a page of Stripe's for one payment.
//!
//! Stripe makes the payment intent when the payer tries to pay, and names it in the session from then
//! on: <https://docs.stripe.com/api/checkout/sessions/object>.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{
    Stripe,
    amount::to_stripe,
    form::{Form, Pairs, post, read},
    requests::check_reference,
};
use crate::{
    GatewayError, Hosted, HostedPage, HostedState, PaymentOrder, ReturnTo, Unreadable, json::link,
};

#[derive(Deserialize)]
struct Session<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(borrow, default)]
    url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payment_intent: Option<&'a RawValue>,
}

impl Session<'_> {
    /// Where the payer goes on, while there is something to do.
    fn page(&self) -> Option<String> {
        link(self.url).filter(|_| self.status.as_deref() == Some("open"))
    }
}

#[async_trait]
impl Hosted for Stripe {
    async fn open_page(&self, order: &PaymentOrder) -> Result<HostedPage, GatewayError> {
        let impossible = |what| GatewayError::refused(400, "amount_invalid", what);
        let amount = to_stripe(&order.price);
        let amount = amount.ok_or_else(|| impossible("the amount has no form at Stripe"))?;
        let return_to = order.return_to.as_ref();
        let return_to = return_to.ok_or_else(|| impossible("a page needs a way back"))?;
        let (amount, id) = (amount.to_string(), order.payment_id.to_string());
        let currency = order.price.currency.code().to_ascii_lowercase();
        let form = form(order, return_to, &amount, &currency, &id);
        let request = post("/checkout/sessions", &form);
        let answer = self.transport.call(&request, Some(&format!("cs-{id}"))).await?;
        let session: Session<'_> = read(&answer)?;
        let url = session.page();
        let page = session.id.and_then(|reference| Some(HostedPage { reference, url: url? }));
        page.ok_or(GatewayError::Shape(Unreadable::new("the session has no id or no page")))
    }

    async fn look_at_page(&self, reference: &str) -> Result<HostedState, GatewayError> {
        check_reference(reference)?;
        let request =
            RequestBuilder::new(StripeMethod::Get, format!("/checkout/sessions/{reference}"))
                .query(&Pairs(&[("expand[]", "payment_intent.latest_charge")]));
        let answer = self.transport.call(&request, None).await?;
        let session: Session<'_> = read(&answer)?;
        let intent = session.payment_intent.map(RawValue::get).filter(|json| *json != "null");
        let payment = intent.map(|json| self.read_intent(json, answer.at)).transpose();
        Ok(HostedState { payment: payment.map_err(GatewayError::Shape)?, url: session.page() })
    }
}

/// The session names our payment twice: itself, and through the payment intent that it will make.
fn form<'a>(
    order: &'a PaymentOrder,
    return_to: &'a ReturnTo,
    amount: &'a str,
    currency: &'a str,
    id: &'a str,
) -> Form<'a> {
    let mut form = vec![
        ("mode", "payment"),
        ("client_reference_id", id),
        ("metadata[payment_id]", id),
        ("payment_intent_data[metadata][payment_id]", id),
        ("payment_intent_data[description]", order.description.as_str()),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", currency),
        ("line_items[0][price_data][unit_amount]", amount),
        ("line_items[0][price_data][product_data][name]", order.description.as_str()),
        ("success_url", return_to.approved.as_str()),
        ("cancel_url", return_to.canceled.as_str()),
    ];
    if let Some(customer) = &order.customer {
        form.push(("customer", customer));
        if order.keep_method {
            form.push(("payment_intent_data[setup_future_usage]", "off_session"));
        }
    }
    form
}
