//! `POST /v2/checkout/orders`

use serde_json::Value;
use url::Url;

use super::{
    PaypalWork,
    error::Refusal,
    order::{Order, Status},
    state::new_id,
};

/// What PayPal takes payments in, and those of it that have no decimals.
const CURRENCIES: [&str; 24] = [
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY",
    "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
];
const WHOLE: [&str; 3] = ["HUF", "JPY", "TWD"];

/// Longest id or description that a merchant may give.
const MAX_TEXT: usize = 127;

impl PaypalWork<'_> {
    /// Makes an order of `body`; `request_id` says whether it may be paid at once.
    pub(super) fn create_order(
        &mut self,
        body: &Value,
        request_id: Option<&str>,
    ) -> Result<Order, Refusal> {
        match body["intent"].as_str() {
            Some("CAPTURE") => {}
            Some(_) => {
                return Err(Refusal::invalid(
                    "INVALID_PARAMETER_VALUE",
                    "A parameter value is not valid.",
                    "/intent",
                ));
            }
            None => return Err(Refusal::missing("/intent")),
        }
        let units = body["purchase_units"].as_array();
        let units = units.ok_or_else(|| Refusal::missing("/purchase_units"))?;
        let [unit] = units.as_slice() else {
            return Err(Refusal::invalid(
                "INVALID_PARAMETER_VALUE",
                "A parameter value is not valid.",
                "/purchase_units",
            ));
        };
        let source = source(&body["payment_source"])?;
        if source.is_some() && request_id.is_none() {
            let description = "A PayPal-Request-Id is required if you are trying to process payment \
                               for an Order. Please specify a PayPal-Request-Id or Create the Order \
                               without a 'payment_source' specified.";
            return Err(Refusal::invalid(
                "PAYPAL_REQUEST_ID_REQUIRED",
                description,
                "PayPal-Request-Id",
            ));
        }
        let at = "/purchase_units/@reference_id=='default'/amount";
        let (amount, currency) = amount(&unit["amount"], at)?;
        let context = match body["payment_source"]["paypal"]["experience_context"].as_object() {
            Some(_) => &body["payment_source"]["paypal"]["experience_context"],
            None => &body["application_context"],
        };
        let order = Order {
            id: new_id(),
            status: if source.is_some() { Status::PayerActionRequired } else { Status::Created },
            created: self.now,
            updated: self.now,
            amount,
            currency,
            reference_id: text(&unit["reference_id"], "reference_id")?
                .unwrap_or_else(|| "default".to_owned()),
            custom_id: text(&unit["custom_id"], "custom_id")?,
            invoice_id: text(&unit["invoice_id"], "invoice_id")?,
            description: text(&unit["description"], "description")?,
            brand: text(&context["brand_name"], "brand_name")?,
            return_url: address(&context["return_url"], "return_url")?,
            cancel_url: address(&context["cancel_url"], "cancel_url")?,
            source,
            merchant_id: self.config.merchant_id.clone(),
            payer: None,
            capture: None,
            refunds: Vec::new(),
            request: body.to_string().into(),
        };
        self.state.orders.insert(order.id.clone(), order.clone());
        Ok(order)
    }
}

/// What is to be paid from; of PayPal's many sources, those that the payer approves at PayPal.
fn source(value: &Value) -> Result<Option<&'static str>, Refusal> {
    if value.is_null() {
        return Ok(None);
    }
    let known = ["paypal", "venmo"].into_iter().find(|name| value[*name].is_object());
    known.map(Some).ok_or_else(|| {
        let description = "A parameter value is not valid.";
        Refusal::invalid("INVALID_PARAMETER_VALUE", description, "/payment_source")
    })
}

/// The value and currency of an `amount`, which stands `at` this place of the request.
pub(super) fn amount(amount: &Value, at: &str) -> Result<(String, String), Refusal> {
    let currency = amount["currency_code"].as_str();
    let currency = currency.ok_or_else(|| Refusal::missing(&format!("{at}/currency_code")))?;
    if !CURRENCIES.contains(&currency) {
        let description = "Currency code is invalid or is not currently supported. Please refer \
                           https://developer.paypal.com/api/rest/reference/currency-codes/ \
                           for list of supported currency codes.";
        let refusal = Refusal::unprocessable("INVALID_CURRENCY_CODE", description);
        return Err(refusal.at(&format!("{at}/currency_code")));
    }
    let field = format!("{at}/value");
    let value = amount["value"].as_str().ok_or_else(|| Refusal::missing(&field))?;
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || value.len() > 32 || !digits(whole) || !digits(part) {
        return Err(Refusal::syntax(&field));
    }
    let most = if WHOLE.contains(&currency) { 0 } else { 2 };
    if part.len() > most {
        let description =
            "If the currency supports decimals, only two decimal place precision is supported.";
        return Err(Refusal::unprocessable("DECIMAL_PRECISION", description).at(&field));
    }
    if value.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        let description = "Must be greater than zero. If the currency supports decimals, only two \
                           decimal place precision is supported.";
        return Err(Refusal::unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE", description).at(&field));
    }
    let written = match most {
        0 => whole.to_owned(),
        _ => format!("{whole}.{part:0<2}"),
    };
    Ok((written, currency.to_owned()))
}

pub(super) fn text(value: &Value, field: &str) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if (1..=MAX_TEXT).contains(&text.chars().count()) => {
            Ok(Some(text.clone()))
        }
        _ => Err(Refusal::syntax(field)),
    }
}

fn address(value: &Value, field: &str) -> Result<Option<String>, Refusal> {
    let Some(text) = value.as_str() else {
        return if value.is_null() { Ok(None) } else { Err(Refusal::syntax(field)) };
    };
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.map(|url| Some(url.into())).ok_or_else(|| Refusal::syntax(field))
}
